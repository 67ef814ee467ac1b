/** Policing posts: the shape says what stands there, the filling what was seen of it. */

import type { LayerSpecification } from 'maplibre-gl'
import { FONT } from '../map/basemap'
import { inLanguage, type Language } from '../look/format'
import type { Snapshot } from '../snapshot/snapshot'
import type { Count, Post } from '../snapshot/types'
import { collection, NOTHING, onMap, point, type Chosen, type Look, type Sources } from './scene'

export type Seen = 'observed' | 'short' | 'absent' | 'reported' | 'none'

/** The newest count of a list; null when there is none. */
export function newest(counts: readonly Count[]): Count | null {
  return counts.reduce<Count | null>((best, one) => (!best || one.as_of >= best.as_of ? one : best), null)
}

/** What observers have seen of what was agreed; silence is not a zero. */
export function seenOf(post: Post): Seen {
  const observed = newest(post.observed)
  if (observed?.count === 0) return 'absent'
  if (observed) return observed.count >= post.agreed ? 'observed' : 'short'
  return newest(post.reported) ? 'reported' : 'none'
}

export function shapeOf(kind: string): 'square' | 'triangle' | 'diamond' {
  if (kind === 'checkpoint') return 'square'
  return kind.endsWith('centre') ? 'diamond' : 'triangle'
}

export function postSources(snapshot: Snapshot, chosen: Chosen, language: Language): Sources {
  const posts = snapshot.parts.posts.value
  if (!posts) return { posts: NOTHING }
  const features = posts.flatMap((post) =>
    post.place
      ? [
          point(post.place.lon, post.place.lat, {
            post: post.post,
            zone: post.zone,
            icon: `post-${shapeOf(post.kind)}-${seenOf(post)}`,
            name: onMap(inLanguage(post.place.name, language)),
            open: chosen.panel === 'posts',
            weight: chosen.panel === 'crossings' ? 0.3 : chosen.zone === null || chosen.zone === post.zone ? 1 : 0.4,
          }),
        ]
      : [],
  )
  return { posts: collection(features) }
}

export function postLayers({ colours }: Look): LayerSpecification[] {
  return [
    {
      id: 'posts',
      type: 'symbol',
      source: 'posts',
      filter: ['any', ['==', ['get', 'open'], true], ['>=', ['zoom'], 7]],
      layout: {
        'icon-image': ['get', 'icon'],
        'icon-allow-overlap': true,
        'text-font': FONT,
        'text-field': ['step', ['zoom'], '', 8.8, ['get', 'name']],
        'text-size': 11.5,
        'text-optional': true,
        'text-variable-anchor': ['top', 'bottom', 'left', 'right'],
        'text-radial-offset': 1,
      },
      paint: {
        'icon-opacity': ['get', 'weight'],
        'text-color': colours.ink,
        'text-halo-color': colours.halo,
        'text-halo-width': 1.6,
      },
    },
  ]
}
