/** Colours of the map in both themes. The page's own colours are custom properties in style.css. */

import type { Theme } from './view'

export interface Colours {
  readonly water: string
  readonly shore: string
  readonly land: string
  readonly road: string
  readonly river: string
  readonly border: string
  readonly inner: string
  readonly label: string
  readonly faint: string
  readonly halo: string
  readonly waterLabel: string
  readonly ink: string
  readonly agreed: string
  readonly hatch: string
  readonly focus: string
}

export const COLOURS: Readonly<Record<Theme, Colours>> = {
  light: {
    water: '#d3dfe4',
    shore: '#b9cbd2',
    land: '#f5f2eb',
    road: '#e4ddcf',
    river: '#c3d5dc',
    border: '#9a8f80',
    inner: '#d9d1c3',
    label: '#41494e',
    faint: '#6b7378',
    halo: '#f8f6f1',
    waterLabel: '#5e7f8d',
    ink: '#17424b',
    agreed: '#2b7480',
    hatch: '#5a5148',
    focus: '#0f5c66',
  },
  dark: {
    water: '#0d1519',
    shore: '#24343b',
    land: '#1a2327',
    road: '#273338',
    river: '#1f3138',
    border: '#5d6b70',
    inner: '#2b373c',
    label: '#c3ccce',
    faint: '#8d9a9e',
    halo: '#141c20',
    waterLabel: '#557684',
    ink: '#b9e2e4',
    agreed: '#63b3bb',
    hatch: '#c9bfae',
    focus: '#8fd6da',
  },
}
