import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fromHex, hex, Unproven, type Bytes } from '../src/proof/bytes'
import { TileTree, tilePath, unpack, widthOf } from '../src/proof/tiles'
import { leafHash, rootOf, verifyConsistency, verifyInclusion } from '../src/proof/tree'

const vectors = JSON.parse(
  readFileSync(new URL('../../tests/vectors/rfc6962.json', import.meta.url), 'utf8'),
) as { leaves: string[]; roots: string[] }

/** A log of `size` small leaves as files, kept in memory. */
async function logOf(size: number): Promise<{ leaves: Bytes[]; read: (p: string) => Promise<Bytes | null> }> {
  const leaves = await Promise.all(
    Array.from({ length: size }, (_, at) => leafHash(new TextEncoder().encode(`leaf ${at}`))),
  )
  const files = new Map<string, Bytes>()
  let row = leaves
  for (let level = 0; row.length > 0; level += 1) {
    const above: Bytes[] = []
    for (let number = 0; number * 256 < row.length; number += 1) {
      const part = row.slice(number * 256, (number + 1) * 256)
      const data = new Uint8Array(part.length * 32)
      part.forEach((hash, at) => data.set(hash, at * 32))
      files.set(tilePath(level, number, part.length), data)
      if (part.length === 256) above.push(await rootOf(part))
    }
    row = above
  }
  return { leaves, read: async (path) => files.get(path) ?? null }
}

describe('the tree', () => {
  test('has the roots of the reference vectors', async () => {
    const leaves = await Promise.all(vectors.leaves.map((leaf) => leafHash(fromHex(leaf))))
    for (const [at, root] of vectors.roots.entries()) {
      expect(hex(await rootOf(leaves.slice(0, at + 1)))).toBe(root)
    }
  })

  test.each([1, 2, 3, 7, 8, 255, 256, 257, 300, 515])('of %i leaves proves every leaf from its tiles', async (size) => {
    const { leaves, read } = await logOf(size)
    const tree = new TileTree(read, size)
    const root = await rootOf(leaves)
    expect(hex(await tree.root())).toBe(hex(root))
    for (const index of new Set([0, 1, 2, size >> 1, 254, 255, 256, size - 1])) {
      if (index >= size) continue
      const path = await tree.inclusion(index)
      await verifyInclusion(leaves[index] as Bytes, index, size, path, root)
      const other = leaves[(index + 1) % size] as Bytes
      if (size > 1) await expect(verifyInclusion(other, index, size, path, root)).rejects.toThrow(Unproven)
    }
  })

  test.each([[1, 2], [2, 3], [4, 8], [6, 8], [7, 8], [3, 300], [256, 300], [255, 515], [257, 515], [512, 515]])(
    'of %i leaves is shown to be the beginning of %i',
    async (old, size) => {
      const { leaves, read } = await logOf(size)
      const path = await new TileTree(read, size).consistency(old)
      const [before, after] = [await rootOf(leaves.slice(0, old)), await rootOf(leaves)]
      await verifyConsistency(old, before, size, after, path)
      await expect(verifyConsistency(old, after, size, after, path)).rejects.toThrow(Unproven)
      await expect(verifyConsistency(old, before, size, before, path)).rejects.toThrow(Unproven)
      await expect(verifyConsistency(old, before, size, after, path.slice(1))).rejects.toThrow(Unproven)
      await expect(verifyConsistency(size, after, old, before, path)).rejects.toThrow(Unproven)
    },
  )
})

describe('the files of the log', () => {
  test('are named as C2SP tlog-tiles names them', () => {
    expect(tilePath(0, 1234067)).toBe('tile/0/x001/x234/067')
    expect(tilePath('entries', 5, 7)).toBe('tile/entries/005.p/7')
    expect(widthOf(300, 0, 1)).toBe(44)
    expect(widthOf(300, 1, 0)).toBe(1)
  })

  test('are refused when a bundle is cut short', () => {
    expect(unpack(Uint8Array.of(0, 2, 7, 7, 0, 0)).map((one) => one.length)).toEqual([2, 0])
    expect(() => unpack(Uint8Array.of(0, 3, 7, 7))).toThrow(Unproven)
    expect(() => unpack(Uint8Array.of(0))).toThrow(Unproven)
  })
})
