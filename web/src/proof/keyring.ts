/**
 * Which key belongs to whom, read from the log itself and not from the host's word.
 *
 * Each record that brings a key into force is read in log order. Whether a key was still in force
 * at a later moment (replaced, revoked, appointment ended) is followed too.
 */

import { fromBase64, type Bytes } from './bytes'
import { keyId, type RecordTree } from './envelope'

export interface Holder {
  readonly name: string
  readonly publicKey: Bytes
  /** A printed key, which can replace or revoke another and sign nothing else. */
  readonly recovery: boolean
  /** Leaf of the record that brought the key in. */
  readonly since: number
  /** Leaf of the record that ended it; null while it is in force. */
  ended: number | null
}

interface KeyBody {
  public: string
  recovery?: string
}

export class Keyring {
  private readonly holders = new Map<string, Holder>()

  holder(id: string): Holder | null {
    return this.holders.get(id) ?? null
  }

  /** Whether the key was in force for the record of this kind at leaf `index`. */
  inForce(id: string, index: number, kind: string): boolean {
    const holder = this.holders.get(id)
    if (holder?.recovery && kind !== 'key.replaced/1' && kind !== 'key.revoked/1') return false
    // From the record after the one that brought it in; the founding signs itself.
    return !!holder && (holder.since < index || index === 0) && (holder.ended === null || holder.ended >= index)
  }

  /** Take a record whose own signatures the caller judges. */
  async take(record: RecordTree, index: number): Promise<void> {
    const body = record.body as Record<string, unknown>
    switch (record.kind) {
      case 'genesis/1':
        await this.add('mechanism', { public: body['mechanism'] as string }, index)
        for (const one of body['bodies'] as { code: string; key: KeyBody }[]) {
          await this.add(one.code, one.key, index)
        }
        return
      case 'body.admitted/1':
        return this.add(body['code'] as string, body['key'] as KeyBody, index)
      case 'officer.appointed/1':
        return this.add(body['officer'] as string, body['key'] as KeyBody, index)
      case 'key.enrolled/1':
        return this.add(body['holder'] as string, body['key'] as KeyBody, index)
      case 'key.replaced/1': {
        const old = this.end(body['old'] as string, index)
        return this.add(old?.name ?? record.author, body['key'] as KeyBody, index)
      }
      case 'key.revoked/1':
        this.end(body['key'] as string, index)
        return
      case 'officer.ended/1':
        for (const [id, one] of this.holders) if (one.name === body['officer']) this.end(id, index)
        return
      case 'pseudonym.enrolled/1':
        return this.add('pseudonym', { public: body['public'] as string }, index)
    }
  }

  private async add(name: string, key: KeyBody, since: number): Promise<void> {
    await this.set(name, key.public, since, false)
    if (key.recovery) await this.set(name, key.recovery, since, true)
  }

  private async set(name: string, coded: string, since: number, recovery: boolean): Promise<void> {
    const publicKey = fromBase64(coded)
    this.holders.set(await keyId(publicKey), { name, publicKey, recovery, since, ended: null })
  }

  private end(id: string, index: number): Holder | null {
    const holder = this.holders.get(id)
    if (holder && holder.ended === null) holder.ended = index
    return holder ?? null
  }
}
