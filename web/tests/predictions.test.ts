import { describe, expect, test } from 'vitest'
import { minutesLeft, predictionSources } from '../src/layers/predictions'
import { EMPTY, type Snapshot } from '../src/snapshot/snapshot'
import type { Manner } from '../src/look/format'
import type { Prediction } from '../src/snapshot/types'
import { ar } from '../src/words/ar'
import { en } from '../src/words/en'

const ONE: Prediction = {
  id: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  index: 7,
  zone: 'ZONE-1',
  level: 'alert',
  entry_at: '2017-07-09T12:01:35Z',
  probability: 0.83,
  nature: 'synthetic',
  aircraft: { icao24: 'f0a201', callsign: 'SYN201' },
  entry: { lat: 34, lon: 36, alt_ft: 12_000 },
  path: [[35.9, 33.9], [36, 34]],
}
const NOW: Snapshot = { ...EMPTY, ahead: { at: '2017-07-09T12:00:00Z', predictions: [ONE] } }

const ENGLISH: Manner = { language: 'en', numerals: 'latn' }
const ARABIC: Manner = { language: 'ar', numerals: 'arab' }

describe('entries that are expected', () => {
  test('are drawn for now and for no other moment', () => {
    const word = (level: string): string => level
    expect(predictionSources(NOW, ENGLISH, word)['ahead']?.features).toHaveLength(1)
    expect(predictionSources({ ...NOW, at: '2017-07-01T00:00:00Z' }, ENGLISH, word)['ahead']?.features).toHaveLength(0)
    expect(predictionSources(EMPTY, ENGLISH, word)['ahead-path']?.features).toHaveLength(0)
  })

  test('say their level in the reader’s words, and the time that is left in the reader’s numerals', () => {
    const label = predictionSources(NOW, ARABIC, (level) => ar.ahead.level[level])['ahead']?.features[0]?.properties?.['label']
    expect(label).toBe(`${ar.ahead.level.alert}\n١:٣٥`)
    expect(minutesLeft(ENGLISH, ONE, '2017-07-09T12:05:00Z')).toBe('0:00')
  })

  test('every purpose and level has its words in both languages', () => {
    expect(Object.keys(ar.ahead.level)).toEqual(Object.keys(en.ahead.level))
    expect(Object.keys(ar.purpose.note)).toEqual(Object.keys(en.purpose.note))
  })
})
