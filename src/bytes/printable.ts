/**
 * Makes text from outside safe as part of one line in a terminal.
 *
 * Characters that move the cursor, clear the screen, set its title or turn the direction of writing become `\u001b`.
 * So does a line break, because it would forge a line.
 */
export function printable(text: string): string {
  return isHarmless(text) ? text : text.replace(unprintable, escaped)
}

/** Does the same for text of more than one line, printed below a line of its own, so that it cannot look like a log line. */
export function printableBlock(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(unprintableInLines, escaped)
    .replace(/\n(?=\S)/g, '\n    ')
}

/** Does the same for text with a layout: its line breaks and colours stay. */
export function printableLayout(text: string): string {
  return isHarmless(text)
    ? text
    : text.replace(colorOrUnprintable, (found) => (found.length > 1 ? found : escaped(found)))
}

/** Control characters are C0, DEL and C1. Unicode defines the direction marks and two more line breaks. */
const harmful = /(?!\t)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u
const unprintable = new RegExp(harmful, 'gu')
const unprintableInLines = new RegExp(`(?!\n)${harmful.source}`, 'gu')
/** ECMA-48, 8.3.117: SGR sets colours and weight, which is harmless. */
const colorOrUnprintable = new RegExp(`\u001b\\[[\\d;]{0,32}m|${unprintableInLines.source}`, 'gu')

function isHarmless(text: string): boolean {
  return text.search(harmful) < 0
}

function escaped(character: string): string {
  if (character === '\n') return String.raw`\n`
  if (character === '\r') return String.raw`\r`
  return String.raw`\u` + character.charCodeAt(0).toString(16).padStart(4, '0')
}
