import ret, { types, type Group, type Root, type SetToken, type Token } from 'ret'

// Its types describe a default export, but the module itself is the function.
const tokenizer = ret as unknown as typeof ret.default

/** How the time of a failing match grows with the text's length: by a power of it (1 is linear), or exponentially. */
export type Growth = number | 'exponential'

/**
 * Returns how the time of a backtracking match grows, from the position automaton of a pattern. It is exponential when a
 * loop can match one text in two ways. It is a power when loops over the same characters follow one another; for those,
 * loops of more than one character are ignored. https://doi.org/10.1007/978-3-642-22438-6_31
 */
export function growthOf(pattern: string): Growth {
  const root = tokenizer(pattern.replaceAll(/\\[pP]\{[^}]*\}/g, String.raw`\w`).replaceAll(/\\u\{[^}]*\}/g, 'u'))
  return growthOfPart(root, startsWithAnchor(root), /\$\)*$/.test(pattern))
}

function growthOfPart(part: Root | Group, isAnchored: boolean, hasEnd: boolean): Growth {
  const automaton = new Automaton()
  const whole = automaton.addOptions(part)
  if (!isAnchored) automaton.searchFrom(whole)
  if (!hasEnd) for (const [last] of whole.last) automaton.follow[last]!.clear() // the pattern has matched
  if (automaton.follow.length > maxPositions) return 1
  const own = automaton.isAmbiguousLoop() ? 'exponential' : automaton.longestChain()
  // A look-around that has matched does not backtrack, but one that has not makes the match fail.
  return automaton.lookArounds.map((group) => growthOfPart(group, true, true)).reduce(worse, own)
}

function worse(a: Growth, b: Growth): Growth {
  return a === 'exponential' || b === 'exponential' ? 'exponential' : Math.max(a, b)
}

const maxPositions = 200
/** More repetitions than this count as unlimited. */
const maxCopies = 4

/** A loop with at most this many turns multiplies the time of a match, but does not grow with the text. */
const shortLoop = 64

type Counts = Map<number, number>

/** The first and last characters of a part of a pattern, and in how many ways it matches the empty text. */
interface Part {
  readonly first: Counts
  readonly last: Counts
  readonly empty: number
}

/** Glushkov's automaton: one state per character of the pattern, with the number of ways from one to the next. */
class Automaton {
  readonly follow: Counts[] = []
  readonly lookArounds: Group[] = []
  readonly #short = new Set<number>()
  readonly #sets: ReadonlySet<number>[] = []

  addOptions({ options, stack = [] }: Root | Group): Part {
    return (options ?? [stack]).map((sequence) => this.#addSequence(sequence)).reduce(either)
  }

  add(token: Token): Part {
    switch (token.type) {
      case types.GROUP:
        if (!isLookAround(token)) return this.addOptions(token)
        this.lookArounds.push(token)
        return nothing
      case types.REPETITION:
        return this.#addRepetition(token.value, token.min, token.max)
      case types.CHAR:
      case types.SET: {
        const position = this.follow.push(new Map()) - 1
        this.#sets.push(new Set(samples.filter((code) => isIn(token, code))))
        return { first: new Map([[position, 1]]), last: new Map([[position, 1]]), empty: 0 }
      }
      default:
        return nothing
    }
  }

  /** A match that may start anywhere first skips characters. */
  searchFrom({ first }: Part): void {
    const skip = this.follow.push(new Map([...first, [this.follow.length, 1]])) - 1
    this.#sets[skip] = new Set(samples)
  }

  #addSequence(stack: readonly Token[]): Part {
    return stack.reduce<Part>((before, token) => this.#join(before, this.add(token)), nothing)
  }

  #addRepetition(token: Token, min: number, max: number): Part {
    const required = Math.min(min, maxCopies)
    let part: Part = nothing
    let last: Part = nothing
    for (let i = 0; i < required; i++) part = this.#join(part, (last = this.add(token)))
    const more = max - min
    if (more > maxCopies) {
      if (required === 0) last = this.add(token)
      this.#connect(last, last)
      if (max <= shortLoop) for (const [position] of last.first) this.#short.add(position)
      return required === 0 ? { ...last, empty: 1 } : part
    }
    for (let i = 0; i < more; i++) part = this.#join(part, either(this.add(token), nothing))
    return part
  }

  #join(a: Part, b: Part): Part {
    this.#connect(a, b)
    return {
      first: sum(a.first, b.first, a.empty),
      last: sum(b.last, a.last, b.empty),
      empty: Math.min(2, a.empty * b.empty),
    }
  }

  #connect({ last }: Part, { first }: Part): void {
    for (const [from, ways] of last) {
      for (const [to, more] of first) {
        const counts = this.follow[from]!
        counts.set(to, Math.min(2, (counts.get(to) ?? 0) + ways * more))
      }
    }
  }

  /** Whether a state can return to itself in two ways for the same text. */
  isAmbiguousLoop(): boolean {
    const size = this.follow.length
    for (let start = 0; start < size; start++) {
      // Pairs of states that one text reaches from (start, start); a pair that splits and comes back is two ways.
      const seen = new Set<number>()
      const queue: { a: number; b: number; split: boolean }[] = [{ a: start, b: start, split: false }]
      for (const { a, b, split } of queue) {
        for (const [nextA, waysA] of this.follow[a]!) {
          for (const [nextB, waysB] of this.follow[b]!) {
            if (!this.#overlap(nextA, nextB)) continue
            const isSplit = split || nextA !== nextB || (a === b && (waysA > 1 || waysB > 1))
            if (isSplit && nextA === start && nextB === start) return true
            const key = (nextA * size + nextB) * 2 + Number(isSplit)
            if (seen.has(key)) continue
            seen.add(key)
            queue.push({ a: nextA, b: nextB, split: isSplit })
          }
        }
      }
    }
    return false
  }

  /** The most single-character loops that can share a text of characters which all of them accept. */
  longestChain(): number {
    const loops = this.follow.flatMap((next, state) => (next.has(state) && !this.#short.has(state) ? [state] : []))
    const longest = (from: number, common: ReadonlySet<number>): number => {
      let most = 1
      for (const to of this.#reachable(from, common)) {
        if (to === from || !loops.includes(to)) continue
        const shared = intersection(common, this.#sets[to]!)
        if (shared.size > 0 && this.#reachable(from, shared).has(to)) most = Math.max(most, 1 + longest(to, shared))
      }
      return most
    }
    return loops.reduce((most, loop) => Math.max(most, longest(loop, this.#sets[loop]!)), 1)
  }

  #reachable(from: number, by: ReadonlySet<number>): ReadonlySet<number> {
    const found = new Set<number>()
    const queue = [from]
    for (const state of queue) {
      for (const next of this.follow[state]!.keys()) {
        if (found.has(next) || intersection(this.#sets[next]!, by).size === 0) continue
        found.add(next)
        queue.push(next)
      }
    }
    return found
  }

  #overlap(a: number, b: number): boolean {
    return a === b || intersection(this.#sets[a]!, this.#sets[b]!).size > 0
  }
}

const nothing: Part = { first: new Map(), last: new Map(), empty: 1 }

function either(a: Part, b: Part): Part {
  return { first: sum(a.first, b.first), last: sum(a.last, b.last), empty: Math.min(2, a.empty + b.empty) }
}

function sum(a: Counts, b: Counts, factor = 1): Counts {
  const counts = new Map(a)
  if (factor > 0) for (const [key, ways] of b) counts.set(key, Math.min(2, (counts.get(key) ?? 0) + ways * factor))
  return counts
}

function intersection(a: ReadonlySet<number>, b: ReadonlySet<number>): ReadonlySet<number> {
  return new Set([...a].filter((code) => b.has(code)))
}

function startsWithAnchor(token: Root | Token): boolean {
  if (token.type === types.POSITION) return token.value === '^'
  if (token.type !== types.ROOT && token.type !== types.GROUP) return false
  const options = token.options ?? [token.stack ?? []]
  return options.every(([first]) => first !== undefined && startsWithAnchor(first))
}

function isLookAround({ followedBy = false, notFollowedBy = false, lookBehind = false }: Group): boolean {
  return followedBy || notFollowedBy || lookBehind
}

function isIn(token: Token | SetToken, code: number): boolean {
  if (token.type === types.CHAR) return token.value === code
  if (token.type === types.RANGE) return token.from <= code && code <= token.to
  if (token.type === types.SET) return token.set.some((part) => isIn(part, code)) !== token.not
  return false
}

/** Representative characters: ASCII, line separators, and one of some scripts. */
const samples: readonly number[] = [
  ...Array.from({ length: 128 }, (_, code) => code),
  ...[0x85, 0xa0, 0xe9, 0x3a9, 0x416, 0x5d0, 0x627, 0x2028, 0x3042, 0x4e2d, 0xac00, 0xd83d],
]
