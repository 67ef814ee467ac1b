/**
 * What this page proves, step by step, without believing its host.
 *
 * Each step ends as proved, broken, or not shown. A broken step never counts as anything else,
 * and what rests on it is not shown. The page's own code did come from the host: a delegation
 * that does not trust it runs `truceline verify`, which proves the same from a program of its own.
 */

import { fromBase64, hex, same, Unproven, base64, type Bytes } from './bytes'
import { readEntry, recordOf, signedBy, type Entry, type RecordTree } from './envelope'
import { Keyring } from './keyring'
import type { Remembered } from './memory'
import { cosignatureBy, readCheckpoint, readVkey, verifyCheckpoint, type Checkpoint, type Cosignature, type VerifierKey } from './note'
import { bundleAt, entryAt, TileTree, WIDTH, type Reader } from './tiles'
import { leafHash, rowAbove, rootOf, verifyConsistency, verifyInclusion } from './tree'

export type Outcome = 'proved' | 'broken' | 'open'

export interface Step {
  readonly name: 'key' | 'signature' | 'genesis' | 'root' | 'consistency' | 'witnesses' | 'entry' | 'inclusion' | 'author' | 'order' | 'whole'
  readonly outcome: Outcome
  /** Words for the sentence of this step in `words/`. */
  readonly said: Readonly<Record<string, string | number>>
  /** A variant of the sentence, as `first` for a first visit. */
  readonly as?: string
}

export interface Head {
  readonly checkpoint: Checkpoint
  readonly key: VerifierKey
  readonly vkey: string
  readonly genesis: string
  readonly tree: TileTree
  readonly witnesses: readonly Cosignature[]
  readonly quorum: number
  readonly keyring: Keyring
  readonly note: string
}

export interface HeadProof {
  readonly steps: readonly Step[]
  readonly head: Head | null
}

const step = (name: Step['name'], outcome: Outcome, said: Step['said'] = {}, as?: string): Step =>
  as === undefined ? { name, outcome, said } : { name, outcome, said, as }

/** Run one step; a failed proof becomes a broken step and stops what rests on it. */
async function attempt<T>(steps: Step[], name: Step['name'], work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (failure) {
    if (!(failure instanceof Unproven)) throw failure
    steps.push(step(name, 'broken', { why: failure.message }, 'broken'))
    return null
  }
}

const text = (bytes: Bytes): string => new TextDecoder().decode(bytes)

/** Prove the log's head: who signed it, that it continues what this browser saw, who cosigned. */
export async function proveHead(read: Reader, before: (origin: string) => Remembered | null): Promise<HeadProof> {
  const steps: Step[] = []
  const found = await attempt(steps, 'signature', () => signedHead(read))
  if (!found) return { steps, head: null }
  const { checkpoint, key, vkey, note } = found
  const old = before(checkpoint.origin)
  if (old && old.vkey !== vkey) {
    steps.push(step('key', 'broken', { key: hex(key.keyId) }, 'changed'))
    return { steps, head: null }
  }
  steps.push(step('signature', 'proved', { size: checkpoint.size, key: hex(key.keyId) }))
  const tree = new TileTree(read, checkpoint.size)
  if (!(await proveRoot(steps, tree, checkpoint)) || !(await proveGrowth(steps, tree, checkpoint, old))) {
    return { steps, head: null }
  }
  const founding = await attempt(steps, 'genesis', () => foundation(read, tree, checkpoint, key, old))
  if (!founding) return { steps, head: null }
  steps.push(step('genesis', 'proved', { hash: founding.genesis }, old ? 'known' : 'first'))
  const witnesses = await witnessing(read, tree, checkpoint, key, founding.vkeys)
  steps.push(witnessStep(witnesses, founding.quorum, checkpoint.size))
  const keyring = new Keyring()
  await keyring.take(founding.record, 0)
  return {
    steps,
    head: { checkpoint, key, vkey, genesis: founding.genesis, tree, witnesses, quorum: founding.quorum, keyring, note },
  }
}

async function signedHead(read: Reader): Promise<{ checkpoint: Checkpoint; key: VerifierKey; vkey: string; note: string }> {
  const [noteBytes, vkeyBytes] = await Promise.all([read('checkpoint'), read('vkey')])
  if (!noteBytes || !vkeyBytes) throw new Unproven('checkpoint', 'the log shows no checkpoint or no key')
  const vkey = text(vkeyBytes).trim()
  const key = await readVkey(vkey)
  const checkpoint = await readCheckpoint(noteBytes)
  await verifyCheckpoint(checkpoint, key)
  return { checkpoint, key, vkey, note: text(noteBytes) }
}

async function proveRoot(steps: Step[], tree: TileTree, checkpoint: Checkpoint): Promise<boolean> {
  const root = await attempt(steps, 'root', async () => {
    const found = await tree.root()
    if (!same(found, checkpoint.root)) throw new Unproven('root', 'the tiles do not give the signed root')
    return found
  })
  if (root) steps.push(step('root', 'proved', { root: hex(root) }))
  return root !== null
}

async function proveGrowth(steps: Step[], tree: TileTree, checkpoint: Checkpoint, old: Remembered | null): Promise<boolean> {
  if (!old) {
    steps.push(step('consistency', 'open', { size: checkpoint.size }, 'first'))
    return true
  }
  const done = await attempt(steps, 'consistency', async () => {
    // A smaller head is not a contradiction by itself, but what was shown before has gone.
    if (checkpoint.size < old.size) {
      throw new Unproven('consistency', `${checkpoint.size} records now, ${old.size} before`)
    }
    const path = await tree.consistency(old.size)
    await verifyConsistency(old.size, fromBase64(old.root), checkpoint.size, checkpoint.root, path)
    return true
  })
  if (done) steps.push(step('consistency', 'proved', { from: old.size, to: checkpoint.size, at: old.at }))
  return done !== null
}

async function foundation(
  read: Reader,
  tree: TileTree,
  checkpoint: Checkpoint,
  key: VerifierKey,
  old: Remembered | null,
): Promise<{ record: RecordTree; genesis: string; vkeys: VerifierKey[]; quorum: number }> {
  const bytes = await entryAt(read, 0, checkpoint.size)
  const leaf = await leafHash(bytes)
  await verifyInclusion(leaf, 0, checkpoint.size, await tree.inclusion(0), checkpoint.root)
  const entry = readEntry(bytes)
  const record = recordOf(entry)
  const body = record.body as { mechanism?: string; quorum?: number; witnesses?: { vkey: string }[] }
  if (record.kind !== 'genesis/1' || record.log !== checkpoint.origin) {
    throw new Unproven('genesis', 'the first record does not found this log')
  }
  if (body.mechanism !== base64(key.publicKey)) {
    throw new Unproven('genesis', 'the checkpoint is signed with another key than the founding names')
  }
  if (old && old.genesis !== hex(leaf)) throw new Unproven('genesis', 'another founding than before')
  const vkeys = await Promise.all((body.witnesses ?? []).map((one) => readVkey(one.vkey)))
  return { record, genesis: hex(leaf), vkeys, quorum: body.quorum ?? 0 }
}

/** The largest head that the log shows with cosignatures; it may lag behind the newest. */
const WITNESSED = 'checkpoint.witnessed'

/** What each witness signed: this head, or an earlier one that is shown to be its beginning. */
async function witnessing(
  read: Reader,
  tree: TileTree,
  head: Checkpoint,
  key: VerifierKey,
  vkeys: readonly VerifierKey[],
): Promise<Cosignature[]> {
  const earlier = await witnessedHead(read, tree, head, key).catch((failure: unknown) => {
    if (failure instanceof Unproven) return null
    throw failure
  })
  return Promise.all(
    vkeys.map(async (one) => {
      const newest = await cosignatureBy(head, one)
      return newest.at === null && earlier ? cosignatureBy(earlier, one) : newest
    }),
  )
}

async function witnessedHead(read: Reader, tree: TileTree, head: Checkpoint, key: VerifierKey): Promise<Checkpoint | null> {
  const bytes = await read(WITNESSED)
  if (!bytes) return null
  const found = await readCheckpoint(bytes)
  await verifyCheckpoint(found, key)
  await verifyConsistency(found.size, found.root, head.size, head.root, await tree.consistency(found.size))
  return found
}

function witnessStep(witnesses: readonly Cosignature[], quorum: number, size: number): Step {
  const bad = witnesses.filter((one) => one.at !== null && !one.holds).length
  const sizes = witnesses.flatMap((one) => (one.holds ? [one.size] : [])).sort((a, b) => b - a)
  const good = sizes.length
  // A quorum covers as much as its least far member has signed.
  const covered = quorum > 0 ? (sizes[quorum - 1] ?? 0) : 0
  const said = { good, all: witnesses.length, quorum, covered, newer: size - covered }
  if (bad > 0) return step('witnesses', 'broken', said, 'bad')
  if (covered === size && size > 0) return step('witnesses', 'proved', said)
  if (covered > 0) return step('witnesses', 'proved', said, 'earlier')
  return step('witnesses', 'open', said, witnesses.length === 0 ? 'none' : 'few')
}

/** What to remember of a head that was proved. */
export function remembered(head: Head, at: string): Remembered {
  const { checkpoint, vkey, genesis, note } = head
  return { origin: checkpoint.origin, vkey, genesis, size: checkpoint.size, root: base64(checkpoint.root), note, at }
}

export interface LeafProof {
  readonly steps: readonly Step[]
  readonly index: number
  readonly leaf: string | null
  readonly record: RecordTree | null
  readonly entry: Entry | null
  readonly path: readonly string[]
}

/** Prove one record: its bytes, its place in the log, and the signatures on it. */
export async function proveLeaf(read: Reader, head: Head, index: number): Promise<LeafProof> {
  const steps: Step[] = []
  const none = { index, leaf: null, record: null, entry: null, path: [] }
  const { checkpoint, tree } = head
  const bytes = await attempt(steps, 'entry', () => entryAt(read, index, checkpoint.size))
  if (!bytes) return { ...none, steps }
  const leaf = await leafHash(bytes)
  steps.push(step('entry', 'proved', { bytes: bytes.length, leaf: hex(leaf) }))
  const path = await attempt(steps, 'inclusion', async () => {
    const found = await tree.inclusion(index)
    await verifyInclusion(leaf, index, checkpoint.size, found, checkpoint.root)
    return found
  })
  if (!path) return { ...none, steps, leaf: hex(leaf) }
  steps.push(step('inclusion', 'proved', { index, size: checkpoint.size, hashes: path.length }))
  const entry = await attempt(steps, 'author', async () => readEntry(bytes))
  if (!entry) return { ...none, steps, leaf: hex(leaf) }
  await learn(read, head, index, entry)
  steps.push(...(await authorSteps(entry, index, head.keyring)))
  return { steps, index, leaf: hex(leaf), record: recordOf(entry), entry, path: path.map(hex) }
}

/** Read the records before `index` until the keys on `entry` are known. */
async function learn(read: Reader, head: Head, index: number, entry: Entry): Promise<void> {
  const unknown = (): boolean => entry.signatures.some((one) => !head.keyring.holder(one.keyid))
  for (let number = 0; unknown() && number * WIDTH <= index; number += 1) {
    const entries = await bundleAt(read, number, head.checkpoint.size)
    for (const [at, bytes] of entries.entries()) {
      await head.keyring.take(recordOf(readEntry(bytes)), number * WIDTH + at)
    }
  }
}

async function authorSteps(entry: Entry, index: number, keyring: Keyring): Promise<Step[]> {
  const { kind } = recordOf(entry)
  return Promise.all(
    entry.signatures.map(async (signature) => {
      const holder = keyring.holder(signature.keyid)
      const said = { key: signature.keyid, who: holder?.name ?? '', since: holder?.since ?? 0 }
      if (!holder) return step('author', 'open', said, 'unknown')
      if (!(await signedBy(entry, signature, holder.publicKey))) return step('author', 'broken', said, 'bad')
      return keyring.inForce(signature.keyid, index, kind)
        ? step('author', 'proved', said)
        : step('author', 'open', said, 'notInForce')
    }),
  )
}

export interface Walked {
  readonly entries: number
  readonly signatures: number
  readonly unknown: number
  readonly gaps: number
}

/** Read every record there is: hashes, signatures, order of time and of each key's numbers. */
export async function proveAll(
  read: Reader,
  head: Head,
  progress: (done: number, all: number) => void,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  const steps: Step[] = []
  const walked = await attempt(steps, 'whole', () => walk(read, head, progress, signal))
  if (walked) {
    steps.push(step('whole', walked.unknown ? 'open' : 'proved', { ...walked }))
    steps.push(step('order', 'proved', { ...walked }, walked.gaps ? 'gaps' : 'none'))
  }
  return steps
}

async function walk(read: Reader, head: Head, progress: (done: number, all: number) => void, signal: AbortSignal): Promise<Walked> {
  const { size, root } = head.checkpoint
  const keyring = new Keyring()
  const last = new Map<string, number>()
  let [signatures, unknown, gaps, received] = [0, 0, 0, 0]
  const bundles: Bytes[][] = []
  for (let number = 0; number * WIDTH < size; number += 1) {
    signal.throwIfAborted()
    const entries = await bundleAt(read, number, size)
    const leaves = await Promise.all(entries.map(leafHash))
    const told = await head.tree.leavesOf(number)
    if (!leaves.every((leaf, at) => same(leaf, told[at] as Bytes))) {
      throw new Unproven('whole', `the records from ${number * WIDTH} on are not those of the tree`)
    }
    bundles.push(leaves)
    for (const [at, bytes] of entries.entries()) {
      const index = number * WIDTH + at
      const entry = readEntry(bytes)
      const record = recordOf(entry)
      if (entry.receivedAt < received) throw new Unproven('order', `record ${index} is dated before record ${index - 1}`)
      received = entry.receivedAt
      if (record.log !== head.checkpoint.origin) throw new Unproven('whole', `record ${index} was made for another log`)
      if (index === 0) await keyring.take(record, 0)
      for (const signature of entry.signatures) {
        const holder = keyring.holder(signature.keyid)
        if (!holder) unknown += 1
        else if (index > 0 && !keyring.inForce(signature.keyid, index, record.kind)) {
          throw new Unproven('whole', `record ${index} is signed with a key of ${holder.name} that is not in force`)
        }
        else if (!(await signedBy(entry, signature, holder.publicKey))) {
          throw new Unproven('whole', `a signature on record ${index} does not hold`)
        } else signatures += 1
        const before = last.get(signature.keyid)
        if (before !== undefined && record.seq > before + 1) gaps += 1
        last.set(signature.keyid, record.seq)
      }
      if (index > 0) await keyring.take(record, index)
    }
    progress(Math.min(size, (number + 1) * WIDTH), size)
  }
  const tiles = await Promise.all(bundles.slice(0, -1).map(rootOf))
  const found = await rootOver(tiles, bundles[bundles.length - 1] ?? [])
  if (!same(found, root)) throw new Unproven('whole', 'the records do not give the signed root')
  return { entries: size, signatures, unknown, gaps }
}

/** The root over full bundles (by their roots) and the leaves of the last one. */
async function rootOver(full: readonly Bytes[], tail: readonly Bytes[]): Promise<Bytes> {
  if (full.length === 0) return rootOf(tail)
  let row = [...full, ...(tail.length ? [await rootOf(tail)] : [])]
  while (row.length > 1) row = await rowAbove(row)
  return row[0] as Bytes
}

