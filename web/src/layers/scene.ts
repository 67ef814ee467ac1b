/**
 * From the snapshot to what the map draws: one file here for each word of the domain.
 *
 * A word gives sources (plain GeoJSON, from the snapshot alone) and layers (how they look, from
 * theme and language alone). Both are pure; `map/MapStage.vue` is the only place that knows the map.
 */

import type { Feature, FeatureCollection, Geometry, Position } from 'geojson'
import type { LayerSpecification } from 'maplibre-gl'
import type { Colours } from '../look/colours'
import type { Language } from '../look/format'
import type { Panel, Theme } from '../look/view'

export type Sources = Readonly<Record<string, FeatureCollection>>

/** How things look: all that layers may depend on. */
export interface Look {
  readonly colours: Colours
  readonly theme: Theme
  readonly language: Language
}

/** What the reader points at. */
export interface Chosen {
  readonly zone: string | null
  readonly crossing: string | null
  readonly agreement: string | null
  /** The panel that is open: its own signs are shown at every scale, the others step back. */
  readonly panel?: Panel
}

export type Layers = (look: Look) => LayerSpecification[]

export const NOTHING: FeatureCollection = { type: 'FeatureCollection', features: [] }

export function collection(features: readonly Feature[]): FeatureCollection {
  return { type: 'FeatureCollection', features: [...features] }
}

export function point(lon: number, lat: number, properties: Record<string, unknown>): Feature {
  return { type: 'Feature', geometry: { type: 'Point', coordinates: [lon, lat] }, properties }
}

export function line(coordinates: readonly (readonly [number, number])[], properties: Record<string, unknown>): Feature {
  return {
    type: 'Feature',
    geometry: { type: 'LineString', coordinates: coordinates.map(([lon, lat]) => [lon, lat]) },
    properties,
  }
}

/** A text as the map writes it: it does not turn brackets round in Arabic, so a dash stands for them. */
export function onMap(text: string): string {
  return text.replace(/\s*\(([^)]*)\)/g, ' – $1')
}

/** Every coordinate of a geometry. */
export function positions(geometry: Geometry | null): Position[] {
  if (!geometry) return []
  if (geometry.type === 'GeometryCollection') return geometry.geometries.flatMap(positions)
  return geometry.coordinates.flat(3).length ? pairs(geometry.coordinates) : []
}

function pairs(tree: unknown): Position[] {
  if (!Array.isArray(tree)) return []
  if (typeof tree[0] === 'number') return [tree as Position]
  return tree.flatMap(pairs)
}

export type Box = readonly [west: number, south: number, east: number, north: number]

export function boxOf(geometries: readonly (Geometry | null)[]): Box | null {
  const all = geometries.flatMap(positions)
  if (all.length === 0) return null
  const [lons, lats] = [all.map((one) => one[0] as number), all.map((one) => one[1] as number)]
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)]
}

/** A point inside or near the middle of an area, for its name. */
export function middleOf(geometry: Geometry | null): readonly [number, number] | null {
  const rings =
    geometry?.type === 'Polygon'
      ? [geometry.coordinates[0] ?? []]
      : geometry?.type === 'MultiPolygon'
        ? geometry.coordinates.map((polygon) => polygon[0] ?? [])
        : []
  let best: { area: number; at: readonly [number, number] } | null = null
  for (const ring of rings) {
    const found = centroid(ring)
    if (found && (!best || found.area > best.area)) best = found
  }
  return best?.at ?? null
}

function centroid(ring: readonly Position[]): { area: number; at: readonly [number, number] } | null {
  let [twice, x, y] = [0, 0, 0]
  ring.forEach((from, at) => {
    const to = ring[(at + 1) % ring.length] as Position
    const cross = (from[0] as number) * (to[1] as number) - (to[0] as number) * (from[1] as number)
    twice += cross
    x += ((from[0] as number) + (to[0] as number)) * cross
    y += ((from[1] as number) + (to[1] as number)) * cross
  })
  if (twice === 0) return null
  return { area: Math.abs(twice), at: [x / (3 * twice), y / (3 * twice)] }
}
