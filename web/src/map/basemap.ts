/** What lies under everything: land, water, roads, borders and names, from this host alone. */

import type { LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl'
import type { Colours } from '../look/colours'
import type { Language } from '../look/format'

/** Drawn from the page's own fonts: the style names no glyph server. */
export const FONT = ['Noto Sans Variable', 'Noto Sans Arabic Variable']

const NAMES = ['land', 'lakes', 'rivers', 'borders', 'governorates', 'roads', 'places'] as const

/** A place's name in the reader's language, else the other. */
export function nameIn(language: Language): ['coalesce', ...unknown[]] {
  const other = language === 'ar' ? 'en' : 'ar'
  return ['coalesce', ['get', language], ['get', other]]
}

export function basemapSources(base: string): Record<string, SourceSpecification> {
  const entries = NAMES.map((name) => [
    `base-${name}`,
    { type: 'geojson', data: new URL(`${name}.geojson`, base).href, tolerance: 0.3 },
  ])
  return Object.fromEntries(entries) as Record<string, SourceSpecification>
}

export function basemapGround(colours: Colours): LayerSpecification[] {
  return [
    { id: 'base-water', type: 'background', paint: { 'background-color': colours.water } },
    {
      id: 'base-land',
      type: 'fill',
      source: 'base-land',
      filter: ['==', ['get', 'part'], 'land'],
      paint: { 'fill-color': colours.land, 'fill-antialias': false },
    },
    {
      id: 'base-shore',
      type: 'line',
      source: 'base-land',
      filter: ['==', ['get', 'part'], 'shore'],
      paint: { 'line-color': colours.shore, 'line-width': 0.8 },
    },
    { id: 'base-lakes', type: 'fill', source: 'base-lakes', paint: { 'fill-color': colours.water } },
    {
      id: 'base-rivers',
      type: 'line',
      source: 'base-rivers',
      paint: {
        'line-color': colours.river,
        'line-width': ['interpolate', ['linear'], ['zoom'], 5, 0.7, 9, 1.8, 12, 3],
      },
    },
    {
      id: 'base-governorates',
      type: 'line',
      source: 'base-governorates',
      minzoom: 5.5,
      paint: { 'line-color': colours.inner, 'line-width': 0.9, 'line-dasharray': [4, 2] },
    },
    {
      id: 'base-roads',
      type: 'line',
      source: 'base-roads',
      minzoom: 6,
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': colours.road,
        'line-width': ['interpolate', ['linear'], ['zoom'], 6, 0.7, 9, 1.6, 12, 3],
      },
    },
    {
      id: 'base-borders',
      type: 'line',
      source: 'base-borders',
      filter: ['==', ['get', 'line'], 'firm'],
      paint: { 'line-color': colours.border, 'line-width': 1.1 },
    },
    {
      id: 'base-borders-open',
      type: 'line',
      source: 'base-borders',
      filter: ['!=', ['get', 'line'], 'firm'],
      paint: { 'line-color': colours.border, 'line-width': 1, 'line-dasharray': [3, 2] },
    },
  ]
}

export function basemapNames(colours: Colours, language: Language): LayerSpecification[] {
  const text = {
    'text-font': FONT,
    'text-field': nameIn(language) as never,
  }
  const halo = { 'text-halo-color': colours.halo, 'text-halo-width': 1.4 }
  const kind = (name: string): ['==', ['get', string], string] => ['==', ['get', 'kind'], name]
  return [
    {
      id: 'base-name-sea',
      type: 'symbol',
      source: 'base-places',
      filter: kind('sea'),
      maxzoom: 8,
      layout: { ...text, 'text-size': 13, 'text-letter-spacing': language === 'ar' ? 0 : 0.14, 'text-max-width': 7 },
      paint: { 'text-color': colours.waterLabel },
    },
    {
      id: 'base-name-country',
      type: 'symbol',
      source: 'base-places',
      filter: kind('country'),
      maxzoom: 7.6,
      layout: {
        ...text,
        'text-size': ['interpolate', ['linear'], ['zoom'], 4, 11, 7, 16],
        'text-letter-spacing': language === 'ar' ? 0 : 0.22,
        'text-transform': 'uppercase',
        'text-max-width': 8,
      },
      paint: { ...halo, 'text-color': colours.faint, 'text-opacity': 0.75 },
    },
    {
      id: 'base-name-town',
      type: 'symbol',
      source: 'base-places',
      // From zoom 5 on, one rank of towns more with each step.
      filter: ['all', ['in', ['get', 'kind'], ['literal', ['town', 'capital']]], ['<=', ['get', 'rank'], ['-', ['zoom'], 3]]],
      layout: {
        ...text,
        'text-size': ['interpolate', ['linear'], ['zoom'], 5, ['case', ['<=', ['get', 'rank'], 1], 12.5, 11], 10, ['case', ['<=', ['get', 'rank'], 2], 16, 12.5]],
        'icon-image': ['case', ['==', ['get', 'kind'], 'capital'], 'dot-capital', 'dot-town'],
        'icon-allow-overlap': false,
        'text-variable-anchor': ['left', 'right', 'top', 'bottom'],
        'text-radial-offset': 0.55,
        'text-justify': 'auto',
        'symbol-sort-key': ['get', 'rank'],
      },
      paint: { ...halo, 'text-color': colours.label },
    },
  ]
}

export function emptyStyle(): StyleSpecification {
  return { version: 8, sources: {}, layers: [] }
}
