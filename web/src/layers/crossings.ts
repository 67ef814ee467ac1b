/** Crossings whose place the reader may see: the point of entry, and the path of the chosen one. */

import type { Feature } from 'geojson'
import type { LayerSpecification } from 'maplibre-gl'
import type { Snapshot } from '../snapshot/snapshot'
import type { Crossing } from '../snapshot/types'
import { boxOf, collection, line, NOTHING, point, type Box, type Chosen, type Look, type Sources } from './scene'

export function crossingSources(snapshot: Snapshot, chosen: Chosen): Sources {
  const crossings = snapshot.parts.crossings.value
  if (!crossings) return { crossings: NOTHING, 'crossing-path': NOTHING }
  const points = crossings.flatMap((one) =>
    one.entry
      ? [
          point(one.entry.lon, one.entry.lat, {
            id: one.id,
            icon: `crossing-${one.verdict}`,
            chosen: one.id === chosen.crossing,
            open: chosen.panel === 'crossings',
            weight: weight(one.id, chosen),
            rank: one.id === chosen.crossing ? 1 : 0,
          }),
        ]
      : [],
  )
  const shown = crossings.find((one) => one.id === chosen.crossing) ?? null
  return { crossings: collection(points), 'crossing-path': shown ? collection(pathOf(shown)) : NOTHING }
}

function weight(id: string, chosen: Chosen): number {
  if (chosen.panel === 'posts') return 0.25
  return chosen.crossing === null || chosen.crossing === id ? 1 : 0.35
}

/** Where a crossing was; null for whoever may not see that. */
export function boxOfCrossing(crossing: Crossing): Box | null {
  return boxOf(pathOf(crossing).map((one) => one.geometry))
}

/** The fixes as they were received, joined in order, with entry and exit. */
export function pathOf(crossing: Crossing): Feature[] {
  const fixes = crossing.fixes ?? []
  const path = fixes.length > 1 ? [line(fixes.map((fix) => [fix.lon, fix.lat] as const), { part: 'path' })] : []
  const dots = fixes.map((fix) => point(fix.lon, fix.lat, { part: 'fix' }))
  const ends = (['entry', 'exit'] as const).flatMap((part) => {
    const at = crossing[part]
    return at ? [point(at.lon, at.lat, { part })] : []
  })
  const { entry, exit } = crossing
  const between = entry && exit ? [line([[entry.lon, entry.lat], [exit.lon, exit.lat]], { part: 'between' })] : []
  return [...between, ...path, ...dots, ...ends]
}

const part = (name: string): ['==', ['get', string], string] => ['==', ['get', 'part'], name]

export function crossingLayers({ colours }: Look): LayerSpecification[] {
  return [
    {
      id: 'crossing-path',
      type: 'line',
      source: 'crossing-path',
      filter: part('path'),
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: { 'line-color': colours.focus, 'line-width': 2.4 },
    },
    {
      id: 'crossing-between',
      type: 'line',
      source: 'crossing-path',
      filter: part('between'),
      paint: { 'line-color': colours.focus, 'line-width': 1.4, 'line-dasharray': [2, 3] },
    },
    {
      id: 'crossing-fixes',
      type: 'circle',
      source: 'crossing-path',
      filter: part('fix'),
      paint: { 'circle-radius': 3, 'circle-color': colours.halo, 'circle-stroke-color': colours.focus, 'circle-stroke-width': 1.6 },
    },
    {
      id: 'crossing-ends',
      type: 'symbol',
      source: 'crossing-path',
      filter: ['in', ['get', 'part'], ['literal', ['entry', 'exit']]],
      layout: { 'icon-image': ['case', part('entry'), 'end-entry', 'end-exit'], 'icon-allow-overlap': true },
    },
    {
      id: 'crossings',
      type: 'symbol',
      source: 'crossings',
      // From afar the signs would hide all else: there they belong to their own panel alone.
      filter: ['any', ['==', ['get', 'open'], true], ['>=', ['zoom'], 8]],
      layout: { 'icon-image': ['get', 'icon'], 'icon-allow-overlap': true, 'icon-ignore-placement': true, 'symbol-sort-key': ['get', 'rank'] },
      paint: { 'icon-opacity': ['get', 'weight'] },
    },
  ]
}
