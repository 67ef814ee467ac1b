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
  /** Leaf of the record that brought the key in. */
  readonly since: number
  /** Leaf of the record that ended it; null while it is in force. */
  ended: number | null
}

interface KeyBody {
  public: string
}

export class Keyring {
  private readonly holders = new Map<string, Holder>()

  holder(id: string): Holder | null {
    return this.holders.get(id) ?? null
  }

  /** Whether the key was in force for the record at leaf `index`. */
  inForce(id: string, index: number): boolean {
    const holder = this.holders.get(id)
    return !!holder && holder.since <= index && (holder.ended === null || holder.ended >= index)
  }

  /** Take a record whose own signatures the caller judges. */
  async take(record: RecordTree, index: number): Promise<void> {
    const body = record.body as Record<string, unknown>
    switch (record.kind) {
      case 'genesis/1':
        await this.add('mechanism', body['mechanism'] as string, index)
        for (const one of body['bodies'] as { code: string; key: KeyBody }[]) {
          await this.add(one.code, one.key.public, index)
        }
        return
      case 'body.admitted/1':
        return this.add(body['code'] as string, (body['key'] as KeyBody).public, index)
      case 'officer.appointed/1':
        return this.add(body['officer'] as string, (body['key'] as KeyBody).public, index)
      case 'key.enrolled/1':
        return this.add(body['holder'] as string, (body['key'] as KeyBody).public, index)
      case 'key.replaced/1': {
        const old = this.end(body['old'] as string, index)
        return this.add(old?.name ?? record.author, (body['key'] as KeyBody).public, index)
      }
      case 'key.revoked/1':
        this.end(body['key'] as string, index)
        return
      case 'officer.ended/1':
        for (const [id, one] of this.holders) if (one.name === body['officer']) this.end(id, index)
        return
      case 'pseudonym.enrolled/1':
        return this.add('pseudonym', body['public'] as string, index)
    }
  }

  private async add(name: string, coded: string, since: number): Promise<void> {
    const publicKey = fromBase64(coded)
    this.holders.set(await keyId(publicKey), { name, publicKey, since, ended: null })
  }

  private end(id: string, index: number): Holder | null {
    const holder = this.holders.get(id)
    if (holder && holder.ended === null) holder.ended = index
    return holder ?? null
  }
}
