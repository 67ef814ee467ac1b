/** What this reader has chosen: place in the page (in the address), language, theme, numerals. */

import { computed, ref, watch } from 'vue'
import type { Language, Manner, Numerals } from './format'

export const PANELS = ['agreements', 'zones', 'posts', 'crossings', 'record'] as const
export type Panel = (typeof PANELS)[number]
export type Theme = 'light' | 'dark'

export interface Place {
  readonly panel: Panel
  /** A zone, a crossing, an agreement or a leaf, by the panel. */
  readonly item: string | null
  /** The moment that is looked at; null for now. */
  readonly at: string | null
}

export function readPlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  const [panel, item] = path.split('/').map(decodeURIComponent)
  const known = PANELS.find((one) => one === panel)
  const at = new URLSearchParams(query).get('at')
  return { panel: known ?? 'zones', item: known && item ? item : null, at: at && !Number.isNaN(Date.parse(at)) ? at : null }
}

export function writePlace({ panel, item, at }: Place): string {
  return `#/${panel}${item ? `/${encodeURIComponent(item)}` : ''}${at ? `?at=${at}` : ''}`
}

function kept<T extends string>(name: string, known: readonly T[], otherwise: T): T {
  const value = localStorage.getItem(`truceline.${name}`)
  return known.find((one) => one === value) ?? otherwise
}

const asksDark = matchMedia('(prefers-color-scheme: dark)').matches
const speaksArabic = navigator.language.startsWith('ar')

export const place = ref<Place>(readPlace(location.hash))
export const language = ref<Language>(kept('language', ['en', 'ar'], speaksArabic ? 'ar' : 'en'))
export const theme = ref<Theme>(kept('theme', ['light', 'dark'], asksDark ? 'dark' : 'light'))
export const numerals = ref<Numerals>(kept('numerals', ['latn', 'arab'], 'arab'))
export const manner = computed<Manner>(() => ({
  language: language.value,
  numerals: language.value === 'ar' ? numerals.value : 'latn',
}))
export const direction = computed(() => (language.value === 'ar' ? 'rtl' : 'ltr'))

export function go(panel: Panel, item: string | null = null): void {
  const hash = writePlace({ panel, item, at: place.value.at })
  if (location.hash !== hash) location.hash = hash
}

/** Look at another moment from the same place; a walk through time leaves no trail of "back". */
export function goTo(at: string | null): void {
  place.value = { ...place.value, at }
  history.replaceState(history.state, '', writePlace(place.value))
}

addEventListener('hashchange', () => {
  place.value = readPlace(location.hash)
})
watch(language, (value) => localStorage.setItem('truceline.language', value))
watch(theme, (value) => localStorage.setItem('truceline.theme', value))
watch(numerals, (value) => localStorage.setItem('truceline.numerals', value))
