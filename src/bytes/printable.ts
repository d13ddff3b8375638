/**
 * Text from elsewhere, as a part of one line of a terminal. What would move the cursor, clear the screen, set its title or
 * turn the direction of writing is written as `\u001b` instead; a line break too, as it would forge a line.
 */
export function printable(text: string): string {
  return isHarmless(text) ? text : text.replace(unprintable, escaped)
}

/** The same for text of several lines, below a line of its own: none of them looks like one of a log's. */
export function printableBlock(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(unprintableInLines, escaped)
    .replace(/\n(?=\S)/g, '\n    ')
}

/** The same for text that is laid out already: its line breaks and colours stay. */
export function printableLayout(text: string): string {
  return isHarmless(text)
    ? text
    : text.replace(colorOrUnprintable, (found) => (found.length > 1 ? found : escaped(found)))
}

/** Control characters are C0, DEL and C1. The marks of direction are Unicode's, and few know its two line breaks. */
const harmful = /(?!\t)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u
const unprintable = new RegExp(harmful, 'gu')
const unprintableInLines = new RegExp(`(?!\n)${harmful.source}`, 'gu')
/** ECMA-48, 8.3.117: SGR, colours and weight, which harm nobody. */
const colorOrUnprintable = new RegExp(`\u001b\\[[\\d;]{0,32}m|${unprintableInLines.source}`, 'gu')

function isHarmless(text: string): boolean {
  return text.search(harmful) < 0
}

function escaped(character: string): string {
  if (character === '\n') return String.raw`\n`
  if (character === '\r') return String.raw`\r`
  return String.raw`\u` + character.charCodeAt(0).toString(16).padStart(4, '0')
}
