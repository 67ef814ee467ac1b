/** A detail that is asked for when it is chosen, and again when the log has grown. */

import { shallowRef, watch, type Ref } from 'vue'
import { Refused, UNREACHABLE } from '../snapshot/api'
import type { Room } from '../snapshot/room'
import { asOf, type Part } from '../snapshot/snapshot'

export function useDetail<T>(room: Room, path: Ref<string | null>): Ref<Part<T>> {
  const part = shallowRef<Part<T>>({ value: null, refusal: null })
  watch(
    [path, room.tick],
    async ([now], [before]) => {
      if (now !== before) part.value = { value: null, refusal: null }
      if (now === null) return
      try {
        const value = await room.api.get<T>(asOf(now, room.snapshot.value.at))
        if (path.value === now && part.value.value !== value) part.value = { value, refusal: null }
      } catch (failure) {
        const refusal = failure instanceof Refused ? failure.refusal : UNREACHABLE
        if (path.value === now) part.value = { value: part.value.value, refusal }
      }
    },
    { immediate: true },
  )
  return part
}
