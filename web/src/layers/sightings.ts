/**
 * What people's sightings say may be reached, for the watch floor alone: where each aircraft may be
 * every other minute (nine in ten), the wider the fainter, and the places that are warned.
 */

import type { Feature } from 'geojson'
import type { LayerSpecification } from 'maplibre-gl'
import { FONT } from '../map/basemap'
import type { Snapshot } from '../snapshot/snapshot'
import { collection, line, NOTHING, point, type Look, type Sources } from './scene'

const KM_PER_DEGREE = 111.2
const CORNERS = 48

export function sightingSources(snapshot: Snapshot): Sources {
  const danger = snapshot.danger
  // What may be reached is of now alone.
  if (!danger || snapshot.at !== null) return { reach: NOTHING, 'reach-path': NOTHING, warned: NOTHING }
  const areas = danger.fans.flatMap((fan) =>
    fan.spots.map((spot) =>
      ring(spot.lat, spot.lon, spot.radius_m, { doubt: faint(fan.probability, fan.spots[0]?.radius_m, spot.radius_m) }),
    ),
  )
  const paths = danger.fans.map((fan) => line(fan.spots.map((spot) => [spot.lon, spot.lat] as const), {}))
  const warned = danger.warnings.flatMap((one) => [
    ring(one.lat, one.lon, one.radius_m, {}),
    point(one.lon, one.lat, { label: `${one.name}\n${Math.round(one.probability * 100)} % · ${one.median_at.slice(11, 16)}Z` }),
  ])
  return { reach: collection(areas), 'reach-path': collection(paths), warned: collection(warned) }
}

/** How strongly a spot is drawn: its probability, spread over an area that grows. */
export function faint(probability: number, first: number | undefined, radius: number): number {
  return radius > 0 ? Math.min(1, (probability * (first ?? radius)) / radius) : 0
}

/** A circle on the ground as a ring. */
export function ring(lat: number, lon: number, radius: number, properties: Record<string, unknown>): Feature {
  const high = radius / 1000 / KM_PER_DEGREE
  const wide = high / Math.max(0.05, Math.cos((lat * Math.PI) / 180))
  const corners = Array.from({ length: CORNERS + 1 }, (_, nth) => {
    const angle = (2 * Math.PI * (nth % CORNERS)) / CORNERS
    return [lon + wide * Math.sin(angle), lat + high * Math.cos(angle)]
  })
  return { type: 'Feature', geometry: { type: 'Polygon', coordinates: [corners] }, properties }
}

export function sightingLayers({ colours }: Look): LayerSpecification[] {
  return [
    {
      id: 'reach',
      type: 'fill',
      source: 'reach',
      paint: { 'fill-color': colours.hatch, 'fill-opacity': ['*', 0.16, ['get', 'doubt']] },
    },
    {
      id: 'reach-path',
      type: 'line',
      source: 'reach-path',
      layout: { 'line-cap': 'round' },
      paint: { 'line-color': colours.hatch, 'line-width': 1.4, 'line-dasharray': [1, 2.5] },
    },
    {
      id: 'warned',
      type: 'line',
      source: 'warned',
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'line-color': colours.ink, 'line-width': 1.8, 'line-dasharray': [3, 1.5] },
    },
    {
      id: 'warned-name',
      type: 'symbol',
      source: 'warned',
      filter: ['==', ['geometry-type'], 'Point'],
      layout: { 'text-font': FONT, 'text-field': ['get', 'label'], 'text-size': 11, 'text-anchor': 'center' },
      paint: { 'text-color': colours.ink, 'text-halo-color': colours.halo, 'text-halo-width': 1.4 },
    },
  ]
}
