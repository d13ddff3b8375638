import { isDeepStrictEqual } from 'node:util'
import type { Ajv, CodeKeywordDefinition } from 'ajv'
import { _, nil, str } from 'ajv/dist/compile/codegen/index.js'
import { ifKeyword, selectKeyword, unionKeyword } from './branches.ts'
import { charge, meterOf } from './charge.ts'
import { compileMultipleOf } from './multipleOf.ts'
import { hasDuplicates } from './unique.ts'

/** Adds to ajv the keywords of `arranged`, and replaces some of ajv's own that are unbounded in time or not exact. */
export function addKeywords(ajv: Ajv): Ajv {
  ajv.addVocabulary(['selectBy', 'orString', 'formatOfPattern', 'discriminator', 'example', 'externalDocs', 'xml'])
  ajv.addKeyword({ ...workKeyword(ajv.opts), before: '$ref' })
  ajv.addKeyword({ ...readKeyword, before: '$ref' })
  ajv.addKeyword(selectKeyword)
  ajv.addKeyword(unionKeyword(ajv.opts))
  for (const keyword of ['enum', 'if', 'pattern', 'multipleOf', 'uniqueItems']) ajv.removeKeyword(keyword)
  ajv.addKeyword(ifKeyword)
  ajv.addKeyword(enumKeyword)
  ajv.addKeyword(patternKeyword)
  ajv.addKeyword({
    keyword: 'multipleOf',
    type: 'number',
    schemaType: 'number',
    compile: compileMultipleOf,
    error: { message: ({ schemaCode }) => str`must be multiple of ${schemaCode}` },
  })
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    compile: (isOn: boolean) => (value: unknown[]) => !isOn || !hasDuplicates(value),
    error: { message: 'must not have the same item twice' },
  })
  return ajv
}

/** Charges for a schema before it is checked. */
function workKeyword({ allErrors }: { readonly allErrors?: boolean | undefined }): CodeKeywordDefinition {
  return {
    keyword: 'work',
    schemaType: 'boolean',
    code(cxt) {
      charge(cxt)
      // A problem inside a union is not final, because another part may match.
      if (allErrors === true && !cxt.it.compositeRule)
        cxt.gen.code(_`if (vErrors !== null) ${meterOf(cxt)}.found(vErrors)`)
    },
  }
}

/** Replaces a text by its value; see `prepareText`. */
const readKeyword: CodeKeywordDefinition = {
  keyword: 'read',
  code({ gen, data, schema, it: { parentData, parentDataProperty } }) {
    gen.assign(data, _`${gen.scopeValue('keyword', { ref: schema as unknown })}(${data})`)
    gen.assign(_`${parentData}[${parentDataProperty}]`, data)
  },
}

/** Works like ajv's, but a long list of values takes no longer than a short one. */
const enumKeyword: CodeKeywordDefinition = {
  keyword: 'enum',
  schemaType: 'array',
  error: {
    message: 'must be one of the allowed values',
    params: ({ schemaCode }) => _`{allowedValues: ${schemaCode}}`,
  },
  code(cxt) {
    const { gen, data } = cxt
    const schema = cxt.schema as readonly unknown[]
    if (schema.length === 0) throw new TypeError('enum has no values: list at least one')
    const isScalar = schema.every((value) => typeof value !== 'object' || value === null)
    if (isScalar && schema.length <= 8) {
      return cxt.pass(
        schema.map((value) => _`${data} === ${value as string}`).reduce((one, other) => _`${one} || ${other}`),
      )
    }
    const values = new Set(schema)
    const isOne = isScalar
      ? values.has.bind(values)
      : (value: unknown) => schema.some((one) => isDeepStrictEqual(one, value))
    return cxt.pass(_`${gen.scopeValue('keyword', { ref: isOne })}(${data})`)
  },
}

/** Works like ajv's, but does not match a text that is too long already, because the time grows with the text. */
const patternKeyword: CodeKeywordDefinition = {
  keyword: 'pattern',
  type: 'string',
  schemaType: 'string',
  error: { message: ({ schemaCode }) => str`must match pattern "${schemaCode}"` },
  code(cxt) {
    const { gen, data, schema, parentSchema } = cxt
    const pattern = new RegExp(schema as string, 'u')
    const regex = gen.scopeValue('pattern', {
      key: pattern.toString(),
      ref: pattern,
      code: _`new RegExp(${schema as string}, "u")`,
    })
    const maxLength: unknown = parentSchema['maxLength']
    // The limit counts code points, each of which is one or two units of the string.
    const isDue = typeof maxLength === 'number' ? _`${data}.length <= ${2 * maxLength} && ` : nil
    cxt.fail(_`${isDue}!${regex}.test(${data})`)
  },
}
