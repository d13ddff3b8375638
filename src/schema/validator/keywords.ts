import { isDeepStrictEqual } from 'node:util'
import type { Ajv, CodeKeywordDefinition } from 'ajv'
import { _, nil, str } from 'ajv/dist/compile/codegen/index.js'
import { ifKeyword, selectKeyword, unionKeyword } from './branches.ts'
import { charge, meterOf } from './charge.ts'
import { compileMultipleOf } from './multipleOf.ts'
import { hasDuplicates } from './unique.ts'

/** Teaches an ajv what `arranged` writes, and does in bounded time or exactly what ajv's own keywords do not. */
export function addKeywords(ajv: Ajv): Ajv {
  ajv.addVocabulary(['selectBy', 'orString', 'discriminator', 'example', 'externalDocs', 'xml'])
  const withProblems = ajv.opts.allErrors === true
  ajv.addKeyword({ ...workKeyword(withProblems), before: '$ref' })
  ajv.addKeyword({ ...readKeyword, before: '$ref' })
  ajv.addKeyword(selectKeyword)
  ajv.addKeyword(unionKeyword(withProblems))
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
function workKeyword(withProblems: boolean): CodeKeywordDefinition {
  return {
    keyword: 'work',
    schemaType: 'boolean',
    code(cxt) {
      charge(cxt)
      // What a union's parts find is no problem yet: another part may match.
      if (withProblems && !cxt.it.compositeRule) cxt.gen.code(_`if (vErrors !== null) ${meterOf(cxt)}.found(vErrors)`)
    },
  }
}

/** Replaces a text by the value that it means; see `prepareText`. */
const readKeyword: CodeKeywordDefinition = {
  keyword: 'read',
  code({ gen, data, schema, it: { parentData, parentDataProperty } }) {
    gen.assign(data, _`${gen.scopeValue('keyword', { ref: schema as unknown })}(${data})`)
    gen.assign(_`${parentData}[${parentDataProperty}]`, data)
  },
}

/** As ajv's, but a long list of values takes no longer than a short one. */
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
    if (schema.length === 0) throw new TypeError('enum has no values')
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

/** As ajv's, but what is too long already is not matched: the time that a pattern takes grows with the text. */
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
    // Counted in code points, of which each is one or two of the string's units.
    const isDue = typeof maxLength === 'number' ? _`${data}.length <= ${2 * maxLength} && ` : nil
    cxt.fail(_`${isDue}!${regex}.test(${data})`)
  },
}
