import { describe, expect, test } from 'vitest'
import { faint, ring, sightingSources } from '../src/layers/sightings'
import { positions } from '../src/layers/scene'
import { EMPTY, type Snapshot } from '../src/snapshot/snapshot'

const DANGER = {
  at: '2017-07-09T12:00:00Z',
  warnings: [{ place: 'SY1', name: 'Ahead', lat: 35, lon: 37, radius_m: 5_000, probability: 0.42, median_at: '2017-07-09T12:07:00Z' }],
  fans: [
    {
      probability: 0.8,
      spots: [
        { minutes: 0, lat: 34, lon: 36, radius_m: 2_000 },
        { minutes: 2, lat: 34.2, lon: 36.2, radius_m: 8_000 },
      ],
    },
  ],
}

describe('what may be reached by what people sighted', () => {
  test('is drawn for now and for no other moment', () => {
    const now: Snapshot = { ...EMPTY, danger: DANGER }
    expect(sightingSources(now)['reach']?.features).toHaveLength(2)
    expect(sightingSources({ ...now, at: '2017-07-01T00:00:00Z' })['reach']?.features).toHaveLength(0)
    expect(sightingSources(EMPTY)['warned']?.features).toHaveLength(0)
  })

  test('is fainter where the doubt is wider', () => {
    const [near, far] = sightingSources({ ...EMPTY, danger: DANGER })['reach']?.features ?? []
    expect(near?.properties?.['doubt']).toBeGreaterThan(far?.properties?.['doubt'] as number)
    expect(faint(0.8, 2_000, 0)).toBe(0)
  })

  test('names the place, how likely, and when', () => {
    const named = sightingSources({ ...EMPTY, danger: DANGER })['warned']?.features.find((one) => one.geometry.type === 'Point')
    expect(named?.properties?.['label']).toBe('Ahead\n42 % · 12:07Z')
  })

  test('a circle closes and is as high as its radius', () => {
    const corners = positions(ring(60, 10, 11_120, {}).geometry)
    expect(corners[0]).toEqual(corners[corners.length - 1])
    expect(Math.max(...corners.map((one) => one[1] as number))).toBeCloseTo(60.1, 6)
    expect(Math.max(...corners.map((one) => one[0] as number))).toBeCloseTo(10.2, 3)
  })
})
