/** Aircraft of the moment, for the watch floor alone: real ones filled, synthetic ones hollow. */

import type { LayerSpecification } from 'maplibre-gl'
import { FONT } from '../map/basemap'
import type { Snapshot } from '../snapshot/snapshot'
import { collection, line, NOTHING, point, type Look, type Sources } from './scene'

export function aircraftSources(snapshot: Snapshot): Sources {
  const picture = snapshot.picture
  // Aircraft are of now alone; an earlier moment is not shown with them.
  if (!picture || snapshot.at !== null) return { aircraft: NOTHING, trails: NOTHING }
  const points = picture.aircraft.map((one) =>
    point(one.lon, one.lat, {
      icon: `aircraft-${one.nature}`,
      track: one.track ?? 0,
      label: [one.flight?.trim() || one.hex, height(one.alt_baro)].filter(Boolean).join('\n'),
    }),
  )
  const trails = [...snapshot.trails]
    .filter(([, trail]) => trail.length > 1)
    .map(([hex, trail]) => line(trail, { hex }))
  return { aircraft: collection(points), trails: collection(trails) }
}

/** Hundreds of feet as controllers write it; an unknown height is left out, never zero. */
export function height(feet: number | null): string {
  return feet === null ? '' : String(Math.round(feet / 100)).padStart(3, '0')
}

export function aircraftLayers({ colours }: Look): LayerSpecification[] {
  return [
    {
      id: 'trails',
      type: 'line',
      source: 'trails',
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: { 'line-color': colours.ink, 'line-width': 1.3, 'line-opacity': 0.4 },
    },
    {
      id: 'aircraft',
      type: 'symbol',
      source: 'aircraft',
      layout: {
        'icon-image': ['get', 'icon'],
        'icon-rotate': ['get', 'track'],
        'icon-rotation-alignment': 'map',
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        'text-font': FONT,
        'text-field': ['step', ['zoom'], '', 6.5, ['get', 'label']],
        'text-size': 10.5,
        'text-anchor': 'left',
        'text-offset': [1.1, 0],
        'text-justify': 'left',
        'text-optional': true,
        'text-line-height': 1.15,
      },
      paint: { 'text-color': colours.ink, 'text-halo-color': colours.halo, 'text-halo-width': 1.3 },
    },
  ]
}
