import { describe, expect, test } from 'vitest'
import { anchorOf } from '../src/layers/agreements'
import { height } from '../src/layers/aircraft'
import { newest, seenOf } from '../src/layers/posts'
import { boxOf, middleOf, onMap } from '../src/layers/scene'
import { zoneSources } from '../src/layers/zones'
import * as format from '../src/look/format'
import { lookOf, PARTY_LOOKS } from '../src/look/party'
import { asOf, EMPTY, pathOf, touchedBy, withPart, withPicture, type Snapshot } from '../src/snapshot/snapshot'
import { EventReader } from '../src/snapshot/sse'
import type { Aircraft, Post, ZoneShape, ZoneShapes } from '../src/snapshot/types'
import { pluralForm } from '../src/words'
import { ar } from '../src/words/ar'
import { en } from '../src/words/en'

describe('the stream', () => {
  test('gives an event when it is whole, however it was cut', () => {
    const whole = ': still here\n\nid: 12\nevent: record\ndata: {"kind":\ndata: "zone"}\n\nevent: clock\ndata: 1\n\n'
    for (let size = 1; size < whole.length; size += 1) {
      const reader = new EventReader()
      const events = []
      for (let at = 0; at < whole.length; at += size) events.push(...reader.push(whole.slice(at, at + size)))
      expect(events).toEqual([
        { event: 'record', data: '{"kind":\n"zone"}', id: '12' },
        { event: 'clock', data: '1', id: '12' },
      ])
    }
  })
})

describe('a snapshot', () => {
  test('is the same object when nothing changed', () => {
    const part = { value: [], refusal: null }
    const once = withPart(EMPTY, 'zones', part)
    expect(withPart(once, 'zones', { ...part })).toBe(once)
    expect(once).not.toBe(EMPTY)
  })

  test('asks for a moment only where a moment matters', () => {
    expect(pathOf('log', '2017-08-01T00:00:00Z')).toBe('/api/log')
    expect(pathOf('zones', '2017-08-01T00:00:00Z')).toBe('/api/zones?at=2017-08-01T00%3A00%3A00Z')
    expect(asOf('/a?b=1', 'x')).toBe('/a?b=1&at=x')
  })

  test('renews what a record touches, and all when many came at once', () => {
    expect(touchedBy('post.reported/1')).toContain('posts')
    expect(touchedBy('')).toEqual(['log'])
    expect(touchedBy('', 80)).toContain('shapes')
  })

  test('keeps the way of an aircraft, and forgets one that has gone', () => {
    const fly = (lon: number): Aircraft => ({ hex: 'f00001', flight: null, lat: 34, lon, alt_baro: null, track: null, gs: null, nature: 'synthetic' })
    const first = withPicture(EMPTY, { at: 't', aircraft: [fly(36)] })
    const second = withPicture(first, { at: 't', aircraft: [fly(36)] })
    const third = withPicture(second, { at: 't', aircraft: [fly(37)] })
    expect(third.trails.get('f00001')).toEqual([[36, 34], [37, 34]])
    expect(withPicture(third, { at: 't', aircraft: [] }).trails.size).toBe(0)
  })
})

describe('the layers', () => {
  const square: GeoJSON.Polygon = { type: 'Polygon', coordinates: [[[36, 33], [37, 33], [37, 34], [36, 34], [36, 33]]] }
  const shape = (role: ZoneShape['role'], more: Partial<ZoneShape> = {}): ZoneShapes['features'][number] => ({
    type: 'Feature',
    geometry: square,
    properties: { zone: 'z', role, body: null, content: null, state: 'in_force', name: { en: 'Z' }, ...more },
  })
  const withShapes = (...features: ZoneShapes['features']): Snapshot =>
    withPart(EMPTY, 'shapes', { value: { type: 'FeatureCollection', features }, refusal: null })
  const nobody = { zone: null, crossing: null, agreement: null }

  test('find the middle and the bounds of an area', () => {
    expect(middleOf(square)?.map((one) => Math.round(one * 100) / 100)).toEqual([36.5, 33.5])
    expect(boxOf([square, null])).toEqual([36, 33, 37, 34])
    expect(boxOf([])).toBeNull()
  })

  test('draw no polygon for a zone that has only a rule in words', () => {
    const rule = { ...shape('proposal'), geometry: null } as unknown as ZoneShapes['features'][number]
    expect(zoneSources(withShapes(rule), [], nobody)['zones']?.features).toEqual([])
    expect(anchorOf(withShapes(rule), 'z')).toBeNull()
  })

  test('draw the lines of two bodies side by side, each with its own stroke', () => {
    const both = withShapes(shape('position', { body: 'A' }), shape('position', { body: 'B' }))
    const drawn = zoneSources(both, ['A', 'B'], nobody)['zones']?.features.map((one) => one.properties)
    expect(drawn?.map((one) => [one?.['party'], one?.['shift']])).toEqual([[0, 1], [1, 2]])
  })

  test('name villages of the chosen zone alone', () => {
    const places = [{ name_en: 'Ford', name_ar: null, pcode: 'C1', lat: 33.5, lon: 36.5, population: 10 }]
    const one = withShapes(shape('disputed', { places }))
    expect(zoneSources(one, [], nobody)['villages']?.features).toHaveLength(0)
    expect(zoneSources(one, [], { ...nobody, zone: 'z' })['villages']?.features).toHaveLength(1)
  })

  test('say of a post what was seen, and take silence for no number', () => {
    const post = (observed: number[], reported: number[]): Post =>
      ({ agreed: 2, observed: observed.map((count) => ({ body: 'o', count, as_of: 't' })), reported: reported.map((count) => ({ body: 'r', count, as_of: 't' })) }) as unknown as Post
    expect(seenOf(post([], []))).toBe('none')
    expect(seenOf(post([], [2]))).toBe('reported')
    expect(seenOf(post([0], [2]))).toBe('absent')
    expect(seenOf(post([1], [2]))).toBe('short')
    expect(seenOf(post([2], []))).toBe('observed')
    expect(newest([{ body: 'a', count: 1, as_of: '2017-07-01' }, { body: 'b', count: 3, as_of: '2017-07-02' }])?.count).toBe(3)
  })

  test('leave an unknown height out, and never write zero for it', () => {
    expect([height(null), height(0), height(33000), height(949)]).toEqual(['', '000', '330', '009'])
  })

  test('write brackets on the map as a dash', () => {
    expect(onMap('معبر (تقريبي)')).toBe('معبر – تقريبي')
  })
})

describe('bodies', () => {
  test('have a stroke of their own, in the order of the log', () => {
    const codes = PARTY_LOOKS.map((_, at) => `b${at}`)
    const strokes = codes.map((code) => lookOf(code, codes).dash.join())
    expect(new Set(strokes).size).toBe(PARTY_LOOKS.length)
    expect(lookOf('stranger', codes).number).toBe(-1)
    const many = Array.from({ length: 40 }, (_, at) => `b${at}`)
    const looks = many.map((code) => lookOf(code, many)).map((look) => `${look.dash.join()} ${look.light}`)
    expect(new Set(looks).size).toBe(40)
  })

  test('none of which has an alarming colour', () => {
    for (const { light, dark } of PARTY_LOOKS) {
      for (const colour of [light, dark]) {
        const [red = 0, green = 0, blue = 0] = (colour.match(/\w\w/g) ?? []).map((pair) => Number.parseInt(pair, 16))
        expect(red > 1.6 * green && red > 1.6 * blue && red > 140).toBe(false)
      }
    }
  })
})

describe('words', () => {
  const leaves = (tree: unknown, path = ''): [string, string][] =>
    typeof tree === 'string'
      ? [[path, tree]]
      : Object.entries(tree as object).flatMap(([key, value]) => leaves(value, `${path}.${key}`))
  const names = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort()

  test('are there in both languages, with the same blanks', () => {
    const arabic = new Map(leaves(ar))
    for (const [path, text] of leaves(en)) {
      const other = arabic.get(path)
      expect(other, path).toBeTruthy()
      // A form for one or two need not say the number.
      const longest = (words: string): string => words.split(' | ').at(-1) ?? ''
      expect(names(longest(other ?? '')), path).toEqual(names(longest(text)))
    }
    expect(arabic.size).toBe(leaves(en).length)
  })

  test('take no side', () => {
    for (const [path, text] of [...leaves(en), ...leaves(ar)]) {
      expect(text, path).not.toMatch(/\b(approved?|enem(y|ies)|targets?|violations?|hostile)\b|عدو|هدف|انتهاك|خرق/i)
    }
  })

  test('count as Arabic counts', () => {
    expect([0, 1, 2, 5, 15, 100, 102].map((count) => pluralForm('ar', count, 6))).toEqual([0, 1, 2, 3, 4, 5, 5])
    expect([0, 1, 2, 5].map((count) => pluralForm('en', count, 3))).toEqual([0, 1, 2, 2])
  })
})

describe('numbers and dates', () => {
  const arabic: format.Manner = { language: 'ar', numerals: 'arab' }

  test('follow the language and the numerals that were chosen', () => {
    expect(format.number(arabic, 1234)).toBe('١٬٢٣٤')
    expect(format.number({ ...arabic, numerals: 'latn' }, 7)).toBe('7')
    expect(format.date(arabic, '2017-05-06T00:00:00Z', 'UTC')).toContain('أيار')
  })

  test('count days on the calendar of the place', () => {
    expect(format.daysBetween('2017-06-04T20:59:00Z', '2017-06-04T21:01:00Z', 'Asia/Damascus')).toBe(1)
    expect(format.daysBetween('2017-06-05T09:00:00Z', '2017-06-04T09:00:00Z', 'Asia/Damascus')).toBe(-1)
  })

  test('fall back to English, then to anything', () => {
    expect(format.inLanguage({ en: 'a', ar: 'ب' }, 'ar')).toBe('ب')
    expect(format.inLanguage({ en: 'a' }, 'ar')).toBe('a')
    expect(format.inLanguage({ ru: 'а' }, 'ar')).toBe('а')
    expect(format.inLanguage(null, 'ar')).toBe('')
  })
})
