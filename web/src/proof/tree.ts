/**
 * The Merkle tree of RFC 6962 and the two proofs over it.
 *
 * Verifying follows the algorithms of RFC 9162, sections 2.1.3.2 and 2.1.4.2. Sizes and
 * indexes are JavaScript numbers below 2^53; division stands where a shift would cut to 32 bits.
 */

import { concat, same, sha256, Unproven, type Bytes } from './bytes'

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

export const leafHash = (entry: Bytes): Promise<Bytes> => sha256(concat(LEAF, entry))
export const nodeHash = (left: Bytes, right: Bytes): Promise<Bytes> =>
  sha256(concat(NODE, left, right))
export const emptyRoot = (): Promise<Bytes> => sha256(new Uint8Array())

const half = (value: number): number => Math.floor(value / 2)
const odd = (value: number): boolean => value % 2 === 1

/** The root over leaf hashes, in order. */
export async function rootOf(leaves: readonly Bytes[]): Promise<Bytes> {
  if (leaves.length === 0) return emptyRoot()
  let row = [...leaves]
  while (row.length > 1) row = await rowAbove(row)
  return row[0] as Bytes
}

/** One row up; a last node without sibling rises as it is, which gives RFC 6962's tree. */
export async function rowAbove(row: readonly Bytes[]): Promise<Bytes[]> {
  const above: Promise<Bytes>[] = []
  for (let at = 0; at + 1 < row.length; at += 2) {
    above.push(nodeHash(row[at] as Bytes, row[at + 1] as Bytes))
  }
  const done = await Promise.all(above)
  return row.length % 2 ? [...done, row[row.length - 1] as Bytes] : done
}

/** Throw `Unproven` unless `path` leads from `leaf` at `index` to the root of `size` leaves. */
export async function verifyInclusion(
  leaf: Bytes,
  index: number,
  size: number,
  path: readonly Bytes[],
  root: Bytes,
): Promise<void> {
  checkSizes('inclusion', index, size)
  if (index >= size) throw new Unproven('inclusion', `no leaf ${index} in a tree of ${size}`)
  checkHashes('inclusion', [leaf, root, ...path])
  let [node, last, reached] = [index, size - 1, leaf]
  for (const hash of path) {
    if (last === 0) throw new Unproven('inclusion', 'the proof is too long')
    if (odd(node) || node === last) {
      reached = await nodeHash(hash, reached)
      while (node !== 0 && !odd(node)) [node, last] = [half(node), half(last)]
    } else {
      reached = await nodeHash(reached, hash)
    }
    ;[node, last] = [half(node), half(last)]
  }
  if (last !== 0 || !same(reached, root)) {
    throw new Unproven('inclusion', `the proof does not lead from leaf ${index} to the root`)
  }
}

/** Throw `Unproven` unless `path` shows that the older tree is the beginning of the newer. */
export async function verifyConsistency(
  oldSize: number,
  oldRoot: Bytes,
  size: number,
  root: Bytes,
  path: readonly Bytes[],
): Promise<void> {
  checkSizes('consistency', oldSize, size)
  if (oldSize > size) throw new Unproven('consistency', `${size} leaves are fewer than ${oldSize}`)
  checkHashes('consistency', [oldRoot, root, ...path])
  const failed = new Unproven(
    'consistency',
    `the tree of ${oldSize} leaves is not the beginning of the tree of ${size}`,
  )
  if (oldSize === 0 || oldSize === size) {
    const expected = oldSize === 0 ? await emptyRoot() : root
    if (path.length > 0 || !same(oldRoot, expected)) throw failed
    return
  }
  const steps = isPowerOfTwo(oldSize) ? [oldRoot, ...path] : [...path]
  const reached = await walk(oldSize, size, steps)
  if (!reached || !same(reached[0], oldRoot) || !same(reached[1], root)) throw failed
}

async function walk(
  oldSize: number,
  size: number,
  steps: readonly Bytes[],
): Promise<[Bytes, Bytes] | null> {
  const first = steps[0]
  if (!first) return null
  let [node, last] = [oldSize - 1, size - 1]
  while (odd(node)) [node, last] = [half(node), half(last)]
  let [older, newer] = [first, first]
  for (const hash of steps.slice(1)) {
    if (last === 0) return null
    if (odd(node) || node === last) {
      older = await nodeHash(hash, older)
      newer = await nodeHash(hash, newer)
      while (node !== 0 && !odd(node)) [node, last] = [half(node), half(last)]
    } else {
      newer = await nodeHash(newer, hash)
    }
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 ? [older, newer] : null
}

export function isPowerOfTwo(value: number): boolean {
  while (value > 1 && !odd(value)) value = half(value)
  return value === 1
}

function checkSizes(where: string, ...sizes: readonly number[]): void {
  if (!sizes.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new Unproven(where, 'a size is not a whole number below 2^53')
  }
}

function checkHashes(where: string, hashes: readonly Uint8Array[]): void {
  if (!hashes.every((hash) => hash.length === 32)) {
    throw new Unproven(where, 'a hash has 32 bytes')
  }
}
