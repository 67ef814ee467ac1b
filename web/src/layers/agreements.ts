/** Agreements on the map: each zone's name, and under it what its instrument has made of it. */

import type { LayerSpecification } from 'maplibre-gl'
import { FONT } from '../map/basemap'
import { inLanguage, type Language } from '../look/format'
import type { Snapshot } from '../snapshot/snapshot'
import type { ZoneRole } from '../snapshot/types'
import { boxOf, collection, middleOf, NOTHING, onMap, point, type Chosen, type Look, type Sources } from './scene'

const BEST: readonly ZoneRole[] = ['in_force', 'agreed', 'proposal', 'position', 'disputed']

/** Square degrees below which a name does not fit into its zone and stands beside it. */
const SMALL = 0.32

interface Anchor {
  readonly at: readonly [number, number]
  readonly beside: boolean
}

/** Where to write a zone's name: in its best-founded area, or east of a small one. */
export function anchorOf(snapshot: Snapshot, zone: string): Anchor | null {
  const shapes = snapshot.parts.shapes.value?.features.filter((one) => one.properties.zone === zone) ?? []
  for (const role of BEST) {
    const found = shapes.find((one) => one.properties.role === role && one.geometry)
    const at = found ? middleOf(found.geometry) : null
    const box = boxOf(shapes.map((one) => one.geometry))
    if (!at || !box) continue
    const beside = (box[2] - box[0]) * (box[3] - box[1]) < SMALL
    return { at: beside ? [box[2], (box[1] + box[3]) / 2] : at, beside }
  }
  return null
}

export function agreementSources(
  snapshot: Snapshot,
  chosen: Chosen,
  language: Language,
  stateWord: (state: string) => string,
): Sources {
  const zones = snapshot.parts.zones.value
  if (!zones) return { 'zone-names': NOTHING }
  const features = zones.flatMap((zone) => {
    // The chosen zone's name stands in the panel; on the map its villages need the room.
    const anchor = zone.code === chosen.zone ? null : anchorOf(snapshot, zone.code)
    if (!anchor) return []
    const near = chosen.agreement === null || chosen.agreement === zone.instrument
    const name = onMap(inLanguage(zone.name, language))
    return [
      point(anchor.at[0], anchor.at[1], {
        beside: anchor.beside,
        zone: zone.code,
        code: zone.code,
        name,
        state: stateWord(zone.state),
        weight: near ? 1 : 0.4,
        order: zone.state === 'in_force' ? 0 : 1,
      }),
    ]
  })
  return { 'zone-names': collection(features) }
}

export function agreementLayers({ colours }: Look): LayerSpecification[] {
  const small = { 'font-scale': 0.8, 'text-color': colours.faint } as const
  return [
    {
      id: 'zone-names',
      type: 'symbol',
      source: 'zone-names',
      maxzoom: 10.5,
      layout: {
        'text-font': FONT,
        'text-field': [
          'step',
          ['zoom'],
          ['format', ['get', 'code'], {}, '\n', {}, ['get', 'state'], small],
          7.2,
          ['format', ['get', 'code'], {}, '\n', {}, ['get', 'name'], { 'font-scale': 0.84 }, '\n', {}, ['get', 'state'], small],
        ],
        'text-size': ['interpolate', ['linear'], ['zoom'], 5, 12, 9, 15],
        'text-anchor': ['case', ['get', 'beside'], 'left', 'center'],
        'text-offset': ['case', ['get', 'beside'], ['literal', [0.6, 0]], ['literal', [0, 0]]],
        'text-justify': 'auto',
        'text-max-width': 11,
        'text-line-height': 1.25,
        'text-allow-overlap': false,
        'text-padding': 6,
        'symbol-sort-key': ['get', 'order'],
      },
      paint: {
        'text-color': colours.ink,
        'text-halo-color': colours.halo,
        'text-halo-width': 1.8,
        'text-opacity': ['get', 'weight'],
      },
    },
  ]
}
