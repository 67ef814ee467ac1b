/** Small pictures for the map, drawn here so that they follow the theme and need no sprite. */

import type { Map as MapLibre } from 'maplibre-gl'
import type { Colours } from '../look/colours'

type Draw = (pen: CanvasRenderingContext2D, size: number) => void
const RATIO = 2

export function addIcons(map: MapLibre, colours: Colours): void {
  for (const [name, [size, draw]] of Object.entries(icons(colours))) {
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = size * RATIO
    const pen = canvas.getContext('2d')
    if (!pen) return
    pen.scale(RATIO, RATIO)
    draw(pen, size)
    const image = pen.getImageData(0, 0, size * RATIO, size * RATIO)
    if (map.hasImage(name)) map.removeImage(name)
    map.addImage(name, image, { pixelRatio: RATIO })
  }
}

function icons(c: Colours): Record<string, [number, Draw]> {
  const posts = (['square', 'triangle', 'diamond'] as const).flatMap((shape) =>
    (['observed', 'short', 'absent', 'reported', 'none'] as const).map(
      (seen): [string, [number, Draw]] => [`post-${shape}-${seen}`, [20, post(shape, seen, c)]],
    ),
  )
  return {
    hatch: [12, hatch(c.hatch)],
    'dot-town': [9, dot(2.2, c.halo, c.label)],
    'dot-capital': [11, dot(3, c.label, c.halo)],
    'village-disputed': [11, dot(3, c.halo, c.hatch, 1.8)],
    'village-agreed': [9, dot(2.2, c.agreed, c.halo)],
    'crossing-suspected': [22, crossing(c, 'suspected')],
    'crossing-probable': [22, crossing(c, 'probable')],
    'crossing-confirmed': [22, crossing(c, 'confirmed')],
    'end-entry': [16, dot(5, c.focus, c.halo, 2)],
    'end-exit': [16, dot(5, c.halo, c.focus, 2)],
    'aircraft-real': [28, aircraft(c.ink, c.halo)],
    'aircraft-synthetic': [28, aircraft(c.halo, c.ink)],
    ...Object.fromEntries(posts),
  }
}

function dot(radius: number, fill: string, edge: string, width = 1.2): Draw {
  return (pen, size) => {
    pen.beginPath()
    pen.arc(size / 2, size / 2, radius, 0, 7)
    pen.fillStyle = fill
    pen.fill()
    pen.lineWidth = width
    pen.strokeStyle = edge
    pen.stroke()
  }
}

function hatch(colour: string): Draw {
  return (pen, size) => {
    pen.strokeStyle = colour
    pen.globalAlpha = 0.75
    pen.lineWidth = 1.1
    for (const shift of [-size, -size / 2, 0, size / 2, size]) {
      pen.beginPath()
      pen.moveTo(shift - 2, size + 2)
      pen.lineTo(shift + size + 2, -2)
      pen.stroke()
    }
  }
}

function outline(pen: CanvasRenderingContext2D, shape: 'square' | 'triangle' | 'diamond', r: number, m: number): void {
  const corners =
    shape === 'square'
      ? [[-r, -r], [r, -r], [r, r], [-r, r]]
      : shape === 'triangle'
        ? [[0, -r * 1.15], [r * 1.1, r * 0.85], [-r * 1.1, r * 0.85]]
        : [[0, -r * 1.2], [r * 1.2, 0], [0, r * 1.2], [-r * 1.2, 0]]
  pen.beginPath()
  corners.forEach(([x, y], at) => pen[at ? 'lineTo' : 'moveTo'](m + (x as number), m + (y as number)))
  pen.closePath()
}

/** Whole: observed as agreed. Half: fewer seen. Crossed: none found. Empty: only reported. Dashed: nothing stated. */
function post(shape: 'square' | 'triangle' | 'diamond', seen: string, c: Colours): Draw {
  return (pen, size) => {
    const m = size / 2
    outline(pen, shape, 6, m)
    pen.fillStyle = c.halo
    pen.fill()
    pen.save()
    pen.clip()
    pen.fillStyle = c.ink
    if (seen === 'observed') pen.fillRect(0, 0, size, size)
    if (seen === 'short') pen.fillRect(0, m + 1, size, size)
    pen.restore()
    outline(pen, shape, 6, m)
    pen.lineJoin = 'round'
    pen.lineWidth = 1.7
    if (seen === 'none') pen.setLineDash([2, 2])
    pen.strokeStyle = c.ink
    pen.stroke()
    if (seen !== 'absent') return
    pen.beginPath()
    pen.moveTo(m - 3, m + 3)
    pen.lineTo(m + 3, m - 3)
    pen.stroke()
  }
}

/** Two strokes through a ring: dotted ring suspected, ring probable, filled ring confirmed. */
function crossing(c: Colours, verdict: 'suspected' | 'probable' | 'confirmed'): Draw {
  return (pen, size) => {
    const m = size / 2
    pen.beginPath()
    pen.arc(m, m, 7, 0, 7)
    pen.fillStyle = verdict === 'confirmed' ? c.ink : c.halo
    pen.fill()
    pen.lineWidth = 1.8
    pen.strokeStyle = c.ink
    if (verdict === 'suspected') pen.setLineDash([2.2, 2.2])
    pen.stroke()
    pen.setLineDash([])
    pen.strokeStyle = verdict === 'confirmed' ? c.halo : c.ink
    pen.lineCap = 'round'
    pen.beginPath()
    pen.moveTo(m - 3.2, m + 2.2)
    pen.lineTo(m + 3.2, m - 2.2)
    pen.moveTo(m + 0.6, m - 2.6)
    pen.lineTo(m + 3.2, m - 2.2)
    pen.lineTo(m + 2.8, m + 0.6)
    pen.stroke()
  }
}

function aircraft(fill: string, edge: string): Draw {
  return (pen, size) => {
    const m = size / 2
    const half: readonly (readonly [number, number])[] = [
      [0, -10], [1.6, -7.6], [1.8, -3], [10, 2.4], [10, 4.4], [1.7, 2.2], [1.3, 7], [4, 9], [4, 10.4], [0, 9.4],
    ]
    pen.beginPath()
    pen.moveTo(m, m - 10)
    for (const [x, y] of half) pen.lineTo(m + x, m + y)
    for (const [x, y] of [...half].reverse()) pen.lineTo(m - x, m + y)
    pen.closePath()
    pen.lineJoin = 'round'
    pen.lineWidth = 1.4
    pen.fillStyle = fill
    pen.strokeStyle = edge
    pen.stroke()
    pen.fill()
    pen.stroke()
  }
}
