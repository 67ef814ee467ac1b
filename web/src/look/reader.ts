/** What every panel needs: the room, the words, and how this reader wants numbers and times. */

import { computed, inject, type InjectionKey } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Room } from '../snapshot/room'
import type { Snapshot } from '../snapshot/snapshot'
import * as format from './format'
import { lookOf, type PartyLook } from './party'
import { manner, theme } from './view'

export const ROOM: InjectionKey<Room> = Symbol('room')

/** The time zone that the log was founded with; the scenario's own; else UTC. */
export function zoneOf(snapshot: Snapshot): string {
  return snapshot.parts.log.value?.time_zone ?? (snapshot.demo ? 'Asia/Damascus' : 'UTC')
}

/** The word for a time zone, as the arguments of `t`; one without a word is named by its place. */
export function zoneName(zone: string): [path: string, named: { name: string }] {
  const known = { UTC: 'demo.utc', 'Asia/Damascus': 'demo.damascus' }[zone] ?? 'demo.otherZone'
  return [known, { name: zone.split('/').at(-1)?.replaceAll('_', ' ') ?? zone }]
}

/** A value of a record within a sentence of the page: it keeps its own direction of writing. */
export const isolated = (value: string): string => `\u2068${value}\u2069`

export function useReader() {
  const room = inject(ROOM) as Room
  const { t, te, tm, rt } = useI18n()
  const snapshot = room.snapshot
  const parts = computed(() => snapshot.value.parts)
  const zone = computed(() => zoneOf(snapshot.value))
  const zoneWord = computed(() => t(...zoneName(zone.value)))
  const codes = computed(() => (parts.value.bodies.value ?? []).map((one) => one.code))

  const n = (value: number, digits = 0): string => format.number(manner.value, value, digits)
  const text = (texts: Readonly<Record<string, string>> | null | undefined): string =>
    format.inLanguage(texts, manner.value.language)
  const when = (at: string | number): string => format.moment(manner.value, at, zone.value)
  const day = (at: string | number): string => format.date(manner.value, at, zone.value)
  const utc = (at: string | number): string => format.moment(manner.value, at, 'UTC')

  /** A body's name; a code that the log does not explain is shown as it is. */
  function name(code: string | null): string {
    if (!code) return t('party.unknown')
    if (code === 'mechanism') return t('party.mechanism')
    const body = parts.value.bodies.value?.find((one) => one.code === code)
    return text(body?.name) || code
  }
  /** The moment that is shown: the one looked at, else the scenario's now, else this machine's. */
  const shownAt = computed(() => snapshot.value.at ?? snapshot.value.demo?.scenario_at ?? new Date().toISOString())
  const names = (list: readonly string[]): string =>
    new Intl.ListFormat(format.tag(manner.value), { type: 'conjunction' }).format(list.map((code) => isolated(name(code))))
  const look = (code: string | null): PartyLook => lookOf(code, codes.value)
  const colour = (code: string | null): string => look(code)[theme.value]
  /** A word for a code of the record, or the code itself when there is none yet. */
  const word = (path: string, code: string): string => (te(`${path}.${code}`, 'en') ? t(`${path}.${code}`) : code.replaceAll('_', ' '))
  const counted = (path: string, count: number): string => t(path, { n: n(count) }, count)

  return { room, snapshot, parts, zone, zoneWord, codes, t, tm, rt, n, text, when, day, utc, name, names, shownAt, look, colour, word, counted }
}
