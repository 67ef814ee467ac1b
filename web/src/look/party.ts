/**
 * How each body is drawn: a colour and a line of its own, never a colour alone.
 *
 * The colours are of one weight, none is an alarm, and none belongs to a body by name: they are
 * handed out in the order in which the log names the bodies.
 */

export interface PartyLook {
  /** Which of the dashes it is; -1 for a body that the log does not know. */
  readonly number: number
  readonly light: string
  readonly dark: string
  /** Dash and gap in line widths, as MapLibre has them. */
  readonly dash: readonly number[]
}

const LOOKS: readonly PartyLook[] = [
  { number: 0, light: '#2b5c9e', dark: '#8fb6ec', dash: [6, 2] },
  { number: 1, light: '#7d5a0b', dark: '#dcb963', dash: [1, 1.6] },
  { number: 2, light: '#6a4593', dark: '#c0a6ea', dash: [7, 2, 1, 2] },
  { number: 3, light: '#1a6f58', dark: '#78cdb0', dash: [3, 1.6] },
  { number: 4, light: '#86416b', dark: '#e0a3c6', dash: [5, 1.6, 1, 1.6, 1, 1.6] },
  { number: 5, light: '#4e5d69', dark: '#b4c2cc', dash: [10, 2.5] },
  { number: 6, light: '#56621a', dark: '#bfca74', dash: [2, 1, 2, 3] },
  { number: 7, light: '#12677f', dark: '#79c6de', dash: [4, 1, 1, 1] },
]

const NONE: PartyLook = { number: -1, light: '#57636b', dark: '#aab6bc', dash: [2, 2] }

export const PARTY_LOOKS = LOOKS

/** The look of `code` among `codes`, which are in the log's order. */
export function lookOf(code: string | null, codes: readonly string[]): PartyLook {
  const at = code === null ? -1 : codes.indexOf(code)
  if (at < 0) return NONE
  const dash = LOOKS[at % LOOKS.length] as PartyLook
  // Beyond the eighth body a dash comes again, in another colour.
  const colour = LOOKS[(at + 3 * Math.floor(at / LOOKS.length)) % LOOKS.length] as PartyLook
  return { ...dash, light: colour.light, dark: colour.dark }
}

/** The dash as SVG has it, for a line `width` pixels wide. */
export function svgDash(look: PartyLook, width: number): string {
  return look.dash.map((part) => Math.round(part * width * 10) / 10).join(' ')
}
