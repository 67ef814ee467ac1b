/**
 * Entries that are expected, for the watch floor alone: the way an aircraft would fly on, and the
 * place where it would enter. Dashed, as it has not happened; the level stands in words beside it.
 */

import type { LayerSpecification } from 'maplibre-gl'
import { span, type Manner } from '../look/format'
import { FONT } from '../map/basemap'
import type { Snapshot } from '../snapshot/snapshot'
import type { Prediction } from '../snapshot/types'
import { collection, line, NOTHING, point, type Look, type Sources } from './scene'

/** The word for a level, in the reader's language. */
export type LevelWord = (level: Prediction['level']) => string

export function predictionSources(snapshot: Snapshot, manner: Manner, levelWord: LevelWord): Sources {
  const ahead = snapshot.ahead
  // What is ahead is of now alone.
  if (!ahead || snapshot.at !== null) return { 'ahead-path': NOTHING, ahead: NOTHING }
  const paths = ahead.predictions.map((one) => line(one.path ?? [], { level: one.level }))
  const places = ahead.predictions.flatMap((one) =>
    one.entry
      ? [
          point(one.entry.lon, one.entry.lat, {
            level: one.level,
            label: [levelWord(one.level), minutesLeft(manner, one, ahead.at)].join('\n'),
          }),
        ]
      : [],
  )
  return { 'ahead-path': collection(paths), ahead: collection(places) }
}

/** The time that is left, as minutes and seconds; none below zero. */
export function minutesLeft(manner: Manner, one: Prediction, at: string): string {
  return span(manner, Math.max(0, Math.round((Date.parse(one.entry_at) - Date.parse(at)) / 1000)))
}

export function predictionLayers({ colours }: Look): LayerSpecification[] {
  const advisory: ['==', ['get', string], string] = ['==', ['get', 'level'], 'advisory']
  return [
    {
      id: 'ahead-path',
      type: 'line',
      source: 'ahead-path',
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: {
        'line-color': colours.focus,
        'line-width': ['case', advisory, 1, 2],
        'line-opacity': ['case', advisory, 0.5, 1],
        'line-dasharray': [1, 2.5],
      },
    },
    {
      id: 'ahead',
      type: 'circle',
      source: 'ahead',
      paint: {
        'circle-radius': ['case', advisory, 3.5, 6],
        'circle-color': colours.halo,
        'circle-stroke-color': colours.focus,
        'circle-stroke-width': ['case', advisory, 1.2, 2.4],
      },
    },
    {
      id: 'ahead-words',
      type: 'symbol',
      source: 'ahead',
      filter: ['!', advisory],
      layout: {
        'text-font': FONT,
        'text-field': ['get', 'label'],
        'text-size': 11,
        'text-anchor': 'top',
        'text-offset': [0, 0.9],
        'text-allow-overlap': false,
      },
      paint: { 'text-color': colours.ink, 'text-halo-color': colours.halo, 'text-halo-width': 1.4 },
    },
  ]
}
