/**
 * The log as files (C2SP tlog-tiles), read to make proofs here.
 *
 * The page asks the host for tiles and never for a proof: what it shows as proved it has put
 * together itself, and then verified against the signed root.
 */

import { same, Unproven, type Bytes } from './bytes'
import { isPowerOfTwo, nodeHash, rowAbove } from './tree'

export const WIDTH = 256
const HASH = 32

/** A path below the log's prefix to the file's bytes; null when there is no such file. */
export type Reader = (path: string) => Promise<Bytes | null>

export function tilePath(level: number | 'entries', number: number, width = WIDTH): string {
  let name = String(number % 1000).padStart(3, '0')
  for (let rest = Math.floor(number / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    name = `x${String(rest % 1000).padStart(3, '0')}/${name}`
  }
  return `tile/${level}/${name}${width === WIDTH ? '' : `.p/${width}`}`
}

/** How many hashes of `level` the tile `number` holds in a tree of `size`. */
export function widthOf(size: number, level: number, number: number): number {
  const count = Math.floor(size / WIDTH ** level)
  return Math.max(0, Math.min(WIDTH, count - number * WIDTH))
}

async function fetchTile(read: Reader, level: number, number: number, width: number): Promise<Bytes> {
  const path = tilePath(level, number, width)
  let data = await read(path)
  if (!data && width < WIDTH) {
    // A log may delete a partial tile once the full one is there.
    data = (await read(tilePath(level, number)))?.slice(0, width * HASH) ?? null
  }
  if (!data) throw new Unproven('tile', `the log has no file ${path}`)
  if (data.length !== width * HASH) {
    throw new Unproven('tile', `${path} has ${data.length} bytes, not ${width * HASH}`)
  }
  return data
}

/** The entries of one bundle, which must end where its last entry ends. */
export function unpack(bundle: Bytes): Bytes[] {
  const entries: Bytes[] = []
  let at = 0
  while (at + 2 <= bundle.length) {
    const length = ((bundle[at] as number) << 8) | (bundle[at + 1] as number)
    entries.push(bundle.slice(at + 2, at + 2 + length))
    at += 2 + length
  }
  if (at !== bundle.length || entries.length > WIDTH) {
    throw new Unproven('entries', `not a bundle: it ends at byte ${at} of ${bundle.length}`)
  }
  return entries
}

export async function bundleAt(read: Reader, number: number, size: number): Promise<Bytes[]> {
  const width = widthOf(size, 0, number)
  const path = tilePath('entries', number, width)
  const data = (await read(path)) ?? (width < WIDTH ? await read(tilePath('entries', number)) : null)
  if (!data) throw new Unproven('entries', `the log has no file ${path}`)
  const entries = unpack(data).slice(0, width)
  if (entries.length !== width) {
    throw new Unproven('entries', `${path} holds ${entries.length} entries, not ${width}`)
  }
  return entries
}

/** The entry at `index` of a log of `size` leaves. */
export async function entryAt(read: Reader, index: number, size: number): Promise<Bytes> {
  const entries = await bundleAt(read, Math.floor(index / WIDTH), size)
  return entries[index % WIDTH] as Bytes
}

/** A tree of `size` leaves over its tiles. Opened tiles are kept; it judges nothing. */
export class TileTree {
  readonly size: number
  private readonly read: Reader
  private readonly rows = new Map<string, Promise<Bytes[][]>>()

  constructor(read: Reader, size: number) {
    this.read = read
    this.size = size
  }

  leaf(index: number): Promise<Bytes> {
    return this.node(0, index)
  }

  /** The root over all leaves, as the tiles have it. */
  async root(): Promise<Bytes> {
    return this.edge(0, this.size)
  }

  /** The audit path of a leaf (RFC 6962, 2.1.1). */
  inclusion(index: number): Promise<Bytes[]> {
    return this.path(0, index)
  }

  /** The proof that the tree of `old` leaves is a prefix of this one (RFC 6962, 2.1.2). */
  async consistency(old: number): Promise<Bytes[]> {
    if (old === 0 || old === this.size) return []
    let [height, index] = [0, old - 1]
    for (let rest = old; rest % 2 === 0; rest /= 2) height += 1
    index = Math.floor(index / 2 ** height)
    const start = isPowerOfTwo(old) ? [] : [await this.node(height, index)]
    return [...start, ...(await this.path(height, index))]
  }

  /** Siblings of a complete node on its way to the root, the lowest first. */
  private async path(height: number, index: number): Promise<Bytes[]> {
    const path: Bytes[] = []
    let last = Math.floor((this.size - 1) / 2 ** height)
    while (last > 0) {
      const sibling = index % 2 ? index - 1 : index + 1
      const span = 2 ** height
      if ((sibling + 1) * span <= this.size) path.push(await this.node(height, sibling))
      else if (sibling <= last) path.push(await this.edge(sibling * span, this.size))
      height += 1
      index = Math.floor(index / 2)
      last = Math.floor(last / 2)
    }
    return path
  }

  /** The root over leaves [from, to): complete subtrees joined from the right. */
  private async edge(from: number, to: number): Promise<Bytes> {
    const peaks: Promise<Bytes>[] = []
    for (let at = from; at < to; ) {
      let height = 0
      while (at % 2 ** (height + 1) === 0 && at + 2 ** (height + 1) <= to) height += 1
      peaks.push(this.node(height, at / 2 ** height))
      at += 2 ** height
    }
    const hashes = await Promise.all(peaks)
    let root = hashes.pop() as Bytes
    for (const left of hashes.reverse()) root = await nodeHash(left, root)
    return root
  }

  /** The hash over leaves [index << height, (index + 1) << height), complete in this tree. */
  private async node(height: number, index: number): Promise<Bytes> {
    const [level, inner] = [Math.floor(height / 8), height % 8]
    const number = Math.floor((index * 2 ** inner) / WIDTH)
    const rows = await this.tile(level, number)
    const found = rows[inner]?.[index - number * 2 ** (8 - inner)]
    if (!found) throw new Unproven('tile', `no node ${index} of height ${height}`)
    return found
  }

  private tile(level: number, number: number): Promise<Bytes[][]> {
    const width = widthOf(this.size, level, number)
    const key = `${level}/${number}`
    const known = this.rows.get(key) ?? this.open(level, number, width)
    this.rows.set(key, known)
    return known
  }

  /** The leaf hashes that the tile `number` of level 0 holds. */
  async leavesOf(number: number): Promise<readonly Bytes[]> {
    return (await this.tile(0, number))[0] as Bytes[]
  }

  private async open(level: number, number: number, width: number): Promise<Bytes[][]> {
    const data = await fetchTile(this.read, level, number, width)
    const rows = [Array.from({ length: width }, (_, at) => data.slice(at * HASH, (at + 1) * HASH))]
    while ((rows[rows.length - 1] as Bytes[]).length > 1) {
      const below = rows[rows.length - 1] as Bytes[]
      // Only complete nodes are kept: an odd last one has no parent of its own in a tile.
      rows.push(await rowAbove(below.length % 2 ? below.slice(0, -1) : below))
    }
    // A full tile must be what the level above it says: else the log has two stories.
    const top = width === WIDTH ? rows[8]?.[0] : undefined
    if (top && !same(top, await this.node((level + 1) * 8, number))) {
      throw new Unproven('tile', `${tilePath(level, number)} does not hash to what the next level holds`)
    }
    return rows
  }
}

/** Whether the tiles give the root that was signed. */
export async function rootHolds(tree: TileTree, root: Bytes): Promise<boolean> {
  return same(await tree.root(), root)
}
