/** Numbers, dates and spans as the reader's language writes them. Pure but for the locale data. */

export type Language = 'en' | 'ar'
export type Numerals = 'latn' | 'arab'

export interface Manner {
  readonly language: Language
  readonly numerals: Numerals
}

/** Syria's own month names come with ar-SY; English dates put the day first. */
export function tag({ language, numerals }: Manner): string {
  return language === 'ar' ? `ar-SY-u-nu-${numerals}` : 'en-GB'
}

export function number(manner: Manner, value: number, digits = 0): string {
  return new Intl.NumberFormat(tag(manner), { maximumFractionDigits: digits }).format(value)
}

/** A span of whole seconds as minutes and seconds: 1:05. */
export function span(manner: Manner, seconds: number): string {
  const parts = new Intl.NumberFormat(tag(manner), { minimumIntegerDigits: 2 })
  return `${number(manner, Math.floor(seconds / 60))}:${parts.format(seconds % 60)}`
}

export function percent(manner: Manner, share: number): string {
  return new Intl.NumberFormat(tag(manner), { style: 'percent', maximumFractionDigits: 0 }).format(share)
}

export function date(manner: Manner, time: string | number | Date, zone: string): string {
  return new Intl.DateTimeFormat(tag(manner), {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: zone,
  }).format(new Date(time))
}

export function clock(manner: Manner, time: string | number | Date, zone: string, seconds = false): string {
  return new Intl.DateTimeFormat(tag(manner), {
    hour: '2-digit',
    minute: '2-digit',
    ...(seconds ? { second: '2-digit' as const } : {}),
    hourCycle: 'h23',
    timeZone: zone,
  }).format(new Date(time))
}

export function moment(manner: Manner, time: string | number | Date, zone: string): string {
  return `${date(manner, time, zone)}${manner.language === 'ar' ? '، ' : ', '}${clock(manner, time, zone)}`
}

/** Whole days from `from` to `to`, counted on the calendar of `zone`; later is positive. */
export function daysBetween(from: string | number, to: string | number, zone: string): number {
  const day = (time: string | number): number => {
    const parts = new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(new Date(time))
    return Date.parse(`${parts}T00:00:00Z`) / 86_400_000
  }
  return day(to) - day(from)
}

/** The text in the reader's language, else English, else whatever there is. */
export function inLanguage(texts: Readonly<Record<string, string>> | null | undefined, language: Language): string {
  if (!texts) return ''
  return texts[language] ?? texts['en'] ?? Object.values(texts)[0] ?? ''
}

/** The start of a hash, enough to compare by eye. */
export function short(hash: string, letters = 12): string {
  return hash.length > letters ? `${hash.slice(0, letters)}…` : hash
}
