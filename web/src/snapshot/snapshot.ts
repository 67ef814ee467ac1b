/** One immutable picture of everything the page shows. A change makes a new one. */

import type {
  Agreement,
  Ahead,
  Body,
  ClockState,
  Crossing,
  Danger,
  Demo,
  LogHead,
  Me,
  Picture,
  Post,
  Refusal,
  Unpoliced,
  ZoneShapes,
  ZoneSummary,
} from './types'

/** A part of the picture: on its way, here, refused, or here but its renewal failed. */
export interface Part<T> {
  readonly value: T | null
  readonly refusal: Refusal | null
}

export interface Parts {
  readonly log: LogHead
  readonly me: Me
  readonly bodies: readonly Body[]
  readonly agreements: readonly Agreement[]
  readonly zones: readonly ZoneSummary[]
  readonly shapes: ZoneShapes
  readonly posts: readonly Post[]
  readonly unpoliced: readonly Unpoliced[]
  readonly clocks: readonly ClockState[]
  readonly crossings: readonly Crossing[]
}

export type PartName = keyof Parts

const PATHS: Readonly<Record<PartName, string>> = {
  log: '/api/log',
  me: '/api/me',
  bodies: '/api/bodies',
  agreements: '/api/agreements',
  zones: '/api/zones',
  shapes: '/api/zones.geojson',
  posts: '/api/posts',
  unpoliced: '/api/posts/unpoliced',
  clocks: '/api/clocks',
  crossings: '/api/crossings?limit=300',
}

export const PART_NAMES = Object.keys(PATHS) as readonly PartName[]
/** What is asked as of a moment; the rest is always of now. */
export const OF_A_MOMENT: readonly PartName[] = PART_NAMES.filter((name) => name !== 'log' && name !== 'me')

/** The path with the moment in question; none for now. */
export function asOf(path: string, at: string | null): string {
  return at === null ? path : `${path}${path.includes('?') ? '&' : '?'}at=${encodeURIComponent(at)}`
}

export function pathOf(name: PartName, at: string | null): string {
  return asOf(PATHS[name], OF_A_MOMENT.includes(name) ? at : null)
}

export type Link = 'connecting' | 'live' | 'lost'

export interface Snapshot {
  readonly parts: { readonly [K in PartName]: Part<Parts[K]> }
  /** The moment that is looked at; null for now. */
  readonly at: string | null
  /** The air picture of the moment, and where each aircraft was in the last minutes. */
  readonly picture: Picture | null
  /** What may be reached by what people sighted; null: nothing is known, or it is not for this reader. */
  readonly danger: Danger | null
  /** The entries that are expected; null: nothing is known, or it is not for this reader. */
  readonly ahead: Ahead | null
  readonly trails: ReadonlyMap<string, readonly (readonly [number, number])[]>
  readonly demo: Demo | null
  readonly link: Link
  /** When the stream or an answer last spoke, by this machine's clock (ms). */
  readonly heardAt: number | null
}

const NOTHING: Part<never> = { value: null, refusal: null }

export const EMPTY: Snapshot = {
  parts: Object.fromEntries(PART_NAMES.map((name) => [name, NOTHING])) as unknown as Snapshot['parts'],
  at: null,
  picture: null,
  danger: null,
  ahead: null,
  trails: new Map(),
  demo: null,
  link: 'connecting',
  heardAt: null,
}

export function withPart<K extends PartName>(before: Snapshot, name: K, part: Part<Parts[K]>): Snapshot {
  const old = before.parts[name]
  if (old.value === part.value && old.refusal === part.refusal) return before
  return { ...before, parts: { ...before.parts, [name]: part } }
}

const TRAIL = 40

/** The picture renewed; each trail grows by where its aircraft is now. */
export function withPicture(before: Snapshot, picture: Picture): Snapshot {
  const trails = new Map<string, readonly (readonly [number, number])[]>()
  for (const one of picture.aircraft) {
    const trail = before.trails.get(one.hex) ?? []
    const last = trail[trail.length - 1]
    const moved = !last || last[0] !== one.lon || last[1] !== one.lat
    trails.set(one.hex, moved ? [...trail.slice(-TRAIL), [one.lon, one.lat] as const] : trail)
  }
  return { ...before, picture, trails }
}

/** Which parts a record of this kind can change. */
export function touchedBy(kind: string, count = 1): readonly PartName[] {
  if (count > 1) return PART_NAMES
  const word = kind.split('.')[0]
  if (word === 'instrument' || word === 'mandate' || word === 'deadline') {
    return ['agreements', 'clocks', 'zones', 'shapes', 'log']
  }
  if (word === 'clock') return ['clocks', 'agreements', 'zones', 'log']
  if (word === 'zone') return ['zones', 'shapes', 'unpoliced', 'clocks', 'log']
  if (word === 'post') return ['posts', 'unpoliced', 'log']
  if (word === 'air' || word === 'flight' || word === 'sealed/1') return ['crossings', 'log']
  if (word === 'body' || word === 'officer' || word === 'genesis') return ['bodies', 'log']
  return ['log']
}
