/**
 * Zones: what is in force, what each body holds, where they agree and where not.
 *
 * In force is a whole line and a calm fill. A position is its body's own line and never filled.
 * A disputed piece is hatched. What is approximate has a soft edge, and a zone without geometry
 * is not drawn at all: the list says so.
 */

import type { Feature } from 'geojson'
import type { LayerSpecification } from 'maplibre-gl'
import { PARTY_LOOKS, lookOf } from '../look/party'
import type { Snapshot } from '../snapshot/snapshot'
import type { ZoneShape, ZoneShapes } from '../snapshot/types'
import { FONT } from '../map/basemap'
import { collection, NOTHING, point, type Chosen, type Look, type Sources } from './scene'

/** How strongly a zone is drawn: fully when it is chosen or nothing is. */
function weight(zone: string, chosen: Chosen): number {
  return chosen.zone === null || chosen.zone === zone ? 1 : 0.45
}

export function zoneSources(snapshot: Snapshot, codes: readonly string[], chosen: Chosen): Sources {
  const shapes = snapshot.parts.shapes.value
  if (!shapes) return { zones: NOTHING, 'zone-edges': NOTHING, villages: NOTHING }
  const holders = holdersOf(shapes.features)
  const features: Feature[] = shapes.features.flatMap((one) =>
    one.geometry ? [{ ...one, geometry: one.geometry, properties: { ...drawn(one.properties, codes), shift: shiftOf(one.properties, holders), weight: weight(one.properties.zone, chosen), chosen: one.properties.zone === chosen.zone } }] : [],
  )
  const soft = features.filter((one) => one.properties?.['approximate'] === true)
  return { zones: collection(features), 'zone-edges': collection(soft), villages: collection(villages(shapes.features, chosen)) }
}

/** Who has a line on each zone, in a fixed order: lines that run together are drawn side by side. */
function holdersOf(features: ZoneShapes['features']): ReadonlyMap<string, readonly string[]> {
  const holders = new Map<string, string[]>()
  for (const { properties } of features) {
    if (properties.role !== 'position' || !properties.body) continue
    holders.set(properties.zone, [...(holders.get(properties.zone) ?? []), properties.body])
  }
  return holders
}

/** Line widths by which a position is moved inwards: none for the first, one more for each next. */
function shiftOf(shape: ZoneShape, holders: ReadonlyMap<string, readonly string[]>): number {
  if (shape.role !== 'position' || !shape.body) return 0
  return (holders.get(shape.zone) ?? []).indexOf(shape.body) + 1
}

/** Only what the layers read: names of villages stay out of the map's copy. */
function drawn(shape: ZoneShape, codes: readonly string[]): Record<string, unknown> {
  const look = lookOf(shape.body, codes)
  return {
    zone: shape.zone,
    role: shape.role,
    state: shape.state,
    approximate: shape.approximate === true && shape.role !== 'agreed' && shape.role !== 'disputed',
    party: shape.role === 'position' ? look.number : -1,
    light: look.light,
    dark: look.dark,
  }
}

function villages(features: readonly Feature<Feature['geometry'], ZoneShape>[], chosen: Chosen): Feature[] {
  return features
    .filter((one) => one.properties.role === 'disputed' || one.properties.role === 'agreed')
    .filter((one) => one.properties.zone === chosen.zone)
    .flatMap((one) =>
      (one.properties.places ?? []).map((place) =>
        point(place.lon, place.lat, {
          en: place.name_en,
          ar: place.name_ar,
          disputed: one.properties.role === 'disputed',
          rank: -(place.population ?? 0),
        }),
      ),
    )
}

const role = (name: string): ['==', ['get', string], string] => ['==', ['get', 'role'], name]
const WEIGHT: ['get', string] = ['get', 'weight']

export function zoneLayers({ colours, theme }: Look): LayerSpecification[] {
  const source = 'zones'
  const lines: LayerSpecification[] = PARTY_LOOKS.map((look) => ({
    id: `zones-position-${look.number}`,
    type: 'line',
    source,
    filter: ['all', role('position'), ['==', ['get', 'party'], look.number]],
    layout: { 'line-join': 'round', 'line-cap': 'butt' },
    paint: {
      'line-color': ['get', theme],
      'line-width': ['interpolate', ['linear'], ['zoom'], 6, 1.6, 11, 3],
      'line-dasharray': [...look.dash],
      'line-offset': ['interpolate', ['linear'], ['zoom'], 7, 0, 10, ['*', ['get', 'shift'], 3.2]],
      'line-opacity': WEIGHT,
    },
  }))
  return [
    {
      id: 'zones-in-force-fill',
      type: 'fill',
      source,
      filter: role('in_force'),
      paint: { 'fill-color': colours.agreed, 'fill-opacity': ['*', WEIGHT, theme === 'dark' ? 0.2 : 0.16] },
    },
    {
      id: 'zones-agreed-fill',
      type: 'fill',
      source,
      filter: role('agreed'),
      paint: { 'fill-color': colours.agreed, 'fill-opacity': ['*', WEIGHT, 0.1] },
    },
    {
      id: 'zones-disputed-fill',
      type: 'fill',
      source,
      filter: role('disputed'),
      paint: { 'fill-pattern': 'hatch', 'fill-opacity': ['*', WEIGHT, 0.75] },
    },
    {
      id: 'zones-soft-edge',
      type: 'line',
      source: 'zone-edges',
      layout: { 'line-join': 'round', 'line-cap': 'round' },
      paint: { 'line-color': colours.ink, 'line-width': 12, 'line-blur': 12, 'line-opacity': ['*', WEIGHT, theme === 'dark' ? 0.3 : 0.2] },
    },
    {
      id: 'zones-proposal',
      type: 'line',
      source,
      filter: role('proposal'),
      layout: { 'line-join': 'round' },
      paint: { 'line-color': colours.faint, 'line-width': 1.3, 'line-dasharray': [1, 2], 'line-opacity': WEIGHT },
    },
    ...lines,
    {
      id: 'zones-in-force-halo',
      type: 'line',
      source,
      filter: ['all', role('in_force'), ['==', ['get', 'chosen'], true]],
      paint: { 'line-color': colours.focus, 'line-width': 7, 'line-opacity': 0.22 },
    },
    {
      id: 'zones-in-force-line',
      type: 'line',
      source,
      filter: ['all', role('in_force'), ['!=', ['get', 'state'], 'suspended']],
      layout: { 'line-join': 'round' },
      paint: { 'line-color': colours.ink, 'line-width': ['interpolate', ['linear'], ['zoom'], 6, 1.5, 11, 2.6], 'line-opacity': WEIGHT },
    },
    {
      id: 'zones-suspended-line',
      type: 'line',
      source,
      filter: ['all', role('in_force'), ['==', ['get', 'state'], 'suspended']],
      paint: { 'line-color': colours.ink, 'line-width': 2, 'line-dasharray': [2, 3], 'line-opacity': WEIGHT },
    },
  ]
}

/** Villages stand above the basemap's names, so that a name is written once. */
export function villageLayers({ colours, language }: Look): LayerSpecification[] {
  return [
    {
      id: 'villages',
      type: 'symbol',
      source: 'villages',
      minzoom: 8,
      layout: {
        'icon-image': ['case', ['get', 'disputed'], 'village-disputed', 'village-agreed'],
        'icon-allow-overlap': true,
        'icon-size': ['interpolate', ['linear'], ['zoom'], 8, 0.62, 10, 1],
        'text-optional': true,
        'text-font': FONT,
        'text-field': ['step', ['zoom'], '', 9.2, ['coalesce', ['get', language], ['get', 'en']]],
        'text-size': 11.5,
        'text-variable-anchor': ['left', 'right', 'top', 'bottom'],
        'text-radial-offset': 0.6,
        'text-justify': 'auto',
        'symbol-sort-key': ['get', 'rank'],
      },
      paint: { 'text-color': colours.label, 'text-halo-color': colours.halo, 'text-halo-width': 1.4 },
    },
  ]
}

/** The layers that a pointer can choose a zone by. */
export const ZONE_TARGETS = ['zones-in-force-fill', 'zones-agreed-fill', 'zones-disputed-fill'] as const
