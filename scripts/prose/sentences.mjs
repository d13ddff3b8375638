// How long sentences are: a textlint rule, and the figures of a page.
import { split } from 'sentence-splitter'
import { StringSource } from 'textlint-util-to-string'

const units = ['Paragraph', 'TableCell']

/** Reports each sentence of more words than `max`. */
export function sentenceLength(context, { max }) {
  return eachSentence(context, (sentence, node, index) => {
    const words = wordsOf(sentence).length
    if (words <= max) return
    const message = `a sentence of ${words} words; at most ${max}: split it`
    context.report(node, new context.RuleError(message, { padding: context.locator.at(index) }))
  })
}

/** Hands each sentence of running text to `collect`. */
export function sentenceFigures(context, { collect }) {
  return eachSentence(context, (sentence, node) => node.type === 'Paragraph' && collect(sentence))
}

/** The totals of sentences: how many, words, the longest, commas, colons and semicolons, and how many say "you". */
export function figuresOf(sentences) {
  const lengths = sentences.map((sentence) => wordsOf(sentence).length)
  const share = (count) => count / Math.max(1, sentences.length)
  return {
    sentences: sentences.length,
    mean: share(lengths.reduce((sum, length) => sum + length, 0)),
    longest: Math.max(0, ...lengths),
    marks: share(sentences.reduce((sum, sentence) => sum + (sentence.match(/[,:;](?=\s|$)/g) ?? []).length, 0)),
    toReader: share(sentences.filter((sentence) => isToReader(sentence)).length),
  }
}

function eachSentence({ Syntax }, visit) {
  const visitUnit = (node) => {
    const source = new StringSource(node, { replacer: withoutCode(Syntax) })
    for (const sentence of split(source.toString())) {
      if (sentence.type !== 'Sentence' || wordsOf(sentence.raw).length === 0) continue
      const index = source.originalIndexFromIndex(sentence.range[0]) ?? 0
      visit(sentence.raw, node, index)
    }
  }
  return Object.fromEntries(units.map((unit) => [unit, visitUnit]))
}

/** Inline code counts as one word. */
function withoutCode(Syntax) {
  return ({ node, maskValue }) => (node.type === Syntax.Code ? maskValue('x') : undefined)
}

function wordsOf(text) {
  return text.match(/\S*[\p{L}\p{N}]\S*/gu) ?? []
}

/** "You", or a sentence that tells the reader to do something. */
function isToReader(sentence) {
  return /\byou(?:r|rs|rself)?\b/i.test(sentence)
}
