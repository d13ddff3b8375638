import type { CodeKeywordDefinition, KeywordCxt, SchemaCxt } from 'ajv'
import { _, nil, Name, not, type Code } from 'ajv/dist/compile/codegen/index.js'
import type { JSONType } from 'ajv/dist/compile/rules.js'
import { evaluatedPropsToName } from 'ajv/dist/compile/util.js'
import { checkDataType, DataType } from 'ajv/dist/compile/validate/dataType.js'
import { charge, meterOf } from './charge.ts'
import type { Choice } from './unions.ts'

/** Checks only the part of a union that the value selects; see `Choice`. */
export const selectKeyword: CodeKeywordDefinition = {
  keyword: 'select',
  schemaType: 'array',
  error: {
    message: 'must be of a known kind',
    params: ({ params }) => _`{tag: ${params['tag']}, isMissing: ${params['isMissing']}}`,
  },
  code(cxt) {
    const { gen, data, parentSchema } = cxt
    const choice = parentSchema['selectBy'] as Choice
    keepEvaluated(cxt)
    const valid = gen.let('valid', false)
    if ('types' in choice) {
      gen.if(false)
      choice.types.forEach((types, part) => {
        gen.elseIf(isOneOf(types, cxt))
        gen.assign(valid, select(cxt, part))
      })
      gen.else()
      gen.assign(valid, true) // `type` beside it has reported the value
      gen.endIf()
    } else {
      gen.if(
        _`typeof ${data} == "object" && ${data} && !Array.isArray(${data})`,
        () => selectByTag(cxt, valid, choice),
        () => gen.assign(valid, true),
      )
    }
    cxt.ok(valid)
  },
}

// Unlike ajv's checkDataTypes, which checks that a value has none of the types.
function isOneOf(types: readonly string[], { data, it }: KeywordCxt): Code {
  const checks = types.map((type) => checkDataType(type as JSONType, data, it.opts.strictNumbers, DataType.Correct))
  return checks.reduce((one, other) => _`${one} || ${other}`)
}

function selectByTag(cxt: KeywordCxt, valid: Name, { tag, values }: Extract<Choice, { tag: string }>): void {
  const { gen, data } = cxt
  const isOwn = tag in Object.prototype ? _`Object.prototype.hasOwnProperty.call(${data}, ${tag})` : nil
  const tagValue = gen.const(
    'tag',
    isOwn === nil ? _`${data}${property(tag)}` : _`${isOwn} ? ${data}${property(tag)} : undefined`,
  )
  gen.if(false)
  values.forEach((of, part) => {
    gen.elseIf(of.map((value) => _`${tagValue} === ${value as string}`).reduce((one, other) => _`${one} || ${other}`))
    gen.assign(valid, select(cxt, part))
  })
  gen.else()
  cxt.setParams({ tag: _`${tag}`, isMissing: _`${tagValue} === undefined` })
  cxt.error()
  gen.endIf()
}

function property(name: string): Code {
  return _`[${name}]`
}

function select(cxt: KeywordCxt, part: number): Name {
  const valid = cxt.gen.name('valid')
  const schema = cxt.subschema({ keyword: 'select', schemaProp: part }, valid)
  cxt.mergeEvaluated(schema, Name)
  return valid
}

/** Tries the parts of a union, like `anyOf`, and collects their problems only when none matches. */
export function unionKeyword({ allErrors }: { readonly allErrors?: boolean | undefined }): CodeKeywordDefinition {
  return {
    keyword: 'union',
    schemaType: 'array',
    trackErrors: true,
    error: {
      message: 'matches no part of a union',
      params: ({ params }) => (params['parts'] ? _`{parts: ${params['parts']}}` : _`{}`),
    },
    code(cxt) {
      const { gen } = cxt
      keepEvaluated(cxt)
      const valid = gen.let('valid', false)
      const collects = allErrors === true && cxt.it.createErrors !== false
      const parts = collects ? gen.const('parts', _`[]`) : undefined
      const silent = collects ? {} : { createErrors: false, allErrors: false }
      if (collects) gen.code(_`${meterOf(cxt)}.tries++`)
      gen.block(() => {
        ;(cxt.schema as unknown[]).forEach((partSchema, part) => {
          const isValid = gen.let('valid', false)
          let schema: SchemaCxt
          gen.if(collects ? true : mayMatch(cxt, partSchema), () => {
            charge(cxt)
            const inner = gen.name('valid')
            schema = cxt.subschema({ keyword: 'union', schemaProp: part, compositeRule: true, ...silent }, inner)
            gen.assign(isValid, inner)
            if (parts) gen.code(_`${parts}.push(vErrors === null ? [] : vErrors.slice(${cxt.errsCount}))`)
            cxt.reset()
          })
          gen.assign(valid, _`${valid} || ${isValid}`)
          // Each matching part marks properties as evaluated: when that counts, all parts are tried.
          if (!cxt.mergeValidEvaluated(schema!, isValid)) gen.if(not(valid))
        })
      })
      if (collects) gen.code(_`${meterOf(cxt)}.tries--`)
      cxt.setParams({ parts })
      cxt.pass(valid)
    },
  }
}

/** Whether an object has the properties that a part requires: a quick test that avoids most tries. */
function mayMatch({ data }: KeywordCxt, part: unknown): Code {
  const { type, required } = part as { type?: unknown; required?: readonly string[] }
  if (type !== 'object' || !required || required.length === 0) return _`true`
  const has = required.map((name) => _`${data}${property(name)} !== undefined`)
  return _`typeof ${data} == "object" && ${data} && ${has.reduce((one, other) => _`${one} && ${other}`)}`
}

/** Works like ajv's, but counts what `if` has evaluated exactly when it matches, and reports each problem once. */
export const ifKeyword: CodeKeywordDefinition = {
  keyword: 'if',
  schemaType: ['object', 'boolean'],
  trackErrors: true,
  code(cxt) {
    const { gen } = cxt
    keepEvaluated(cxt)
    const valid = gen.let('valid', true)
    const matches = gen.name('matches')
    const condition = cxt.subschema(
      { keyword: 'if', compositeRule: true, createErrors: false, allErrors: false },
      matches,
    )
    cxt.reset()
    const clause = (keyword: 'then' | 'else'): void => {
      if (cxt.parentSchema[keyword] === undefined) return
      const isValid = gen.name('valid')
      const schema = cxt.subschema({ keyword }, isValid)
      gen.assign(valid, isValid)
      cxt.mergeValidEvaluated(schema, valid)
    }
    const match = (): void => {
      cxt.mergeEvaluated(condition, Name)
      clause('then')
    }
    gen.if(matches, match, () => clause('else'))
    cxt.pass(valid)
  },
}

/**
 * Makes ajv keep the evaluated properties in a variable. As a constant, additions inside a conditional block would get
 * lost.
 */
function keepEvaluated({ gen, it }: KeywordCxt): void {
  if (it.props !== undefined && it.props !== true && !(it.props instanceof Name))
    it.props = evaluatedPropsToName(gen, it.props)
}
