/** JSON as it comes. */
type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
type JsonObject = { readonly [name: string]: Json };

/** Words by which a platform would judge a subject itself. English by words of a name, Chinese by their characters. */
const JUDGING_WORDS =
  /^(?:scor(?:e|es|ed|ing)|rating|ratings|rated|grad(?:e|es|ed|ing)|rank|ranks|ranked|ranking|rankings|risk|risks|risky|tier|blacklist(?:s|ed)?|whitelist(?:s|ed)?|blocklist|reputation|trustworth(?:y|iness)|untrustworthy|creditworth(?:y|iness)|star|stars)$/;
const JUDGING_CHARACTERS =
  /评分|得分|打分|积分|分值|信用分|等级|评级|分级|排名|排行|名次|黑名单|白名单|红名单|红黑榜|风险|好坏|优劣|诚信度|可信度|信誉/u;
/** What only a natural person has. */
const PERSON_NAMES =
  /^(?:(?:id|identity|resident)(?: (?:id|card|number|no|document|type))+|passport|natural ?person|person(?: ?(?:name|id))?|citizen|birth(?:day| date)?|gender|mobile|telephone|phone|legal ?(?:person|representative))$/;
const PERSON_CHARACTERS = /身份证|证件号|自然人姓名|法定代表人|出生|性别|手机号/u;

/** Everything that judges, names persons, or leaves a severity without its source, with the place where it stands. */
export function breaches(document: unknown): string[] {
  const root = document as JsonObject;
  return [...judgements(root), ...persons(root), ...unattributed(root)];
}

/** The judging words in a text for people. */
export function judgingWords(text: string): string[] {
  const words = wordsOf(text).filter((word) => JUDGING_WORDS.test(word));
  const characters = JUDGING_CHARACTERS.exec(text);
  return characters === null ? words : [...words, characters[0]];
}

function wordsOf(text: string): string[] {
  return text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter(Boolean);
}

/** Every text of the description: names of properties and parameters, values, paths, words for people. */
function* texts(value: Json, path: string): Generator<readonly [path: string, text: string]> {
  if (typeof value === 'string') yield [path, value];
  else if (Array.isArray(value)) {
    for (const [i, each] of (value as readonly Json[]).entries()) yield* texts(each, `${path}[${i}]`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, each] of Object.entries(value as JsonObject)) {
      yield [`${path}.${name}`, name];
      yield* texts(each, `${path}.${name}`);
    }
  }
}

function judgements(root: JsonObject): string[] {
  return [...texts(root, '')].flatMap(([path, text]) =>
    judgingWords(text).map((word) => `${path}: “${word}” judges`),
  );
}

function persons(root: JsonObject): string[] {
  return [...texts(root, '')].flatMap(([path, text]) => {
    const isName = path.endsWith(`.${text}`) || /\.(?:name|enum\[\d+\])$/.test(path);
    const named = isName && PERSON_NAMES.test(wordsOf(text).join(' '));
    return named || PERSON_CHARACTERS.test(text) ? [`${path}: “${text}” is about a person`] : [];
  });
}

/** Objects that carry a severity and do not say whose label it is, and by which rule. */
function unattributed(root: JsonObject): string[] {
  const found = new Map<JsonObject, { path: string; isReply: boolean }>();
  for (const [path, operations] of Object.entries(object(root['paths']))) {
    for (const [method, operation] of Object.entries(object(operations))) {
      const { responses, ...request } = object(operation);
      const at = `${method} ${path}`;
      collect(root, responses ?? null, at, true, found);
      collect(root, request, at, false, found);
    }
  }
  return [...found].flatMap(([schema, { path, isReply }]) => {
    const properties = object(schema['properties']);
    return Object.keys(properties)
      .filter((name) => /^(?:severity|grade|level)$|Severity$|Grade$/.test(name) && !/^min/.test(name))
      .filter((name) => !isAttributed(root, properties, name, isReply))
      .map((name) => `${path}: “${name}” does not say whose it is`);
  });
}

/** With its source and basis inside it or beside it; who sends one is its source, so that the basis is enough. */
function isAttributed(root: JsonObject, properties: JsonObject, name: string, isReply: boolean): boolean {
  const own = Object.keys(propertiesOf(root, properties[name] ?? null));
  const beside = Object.keys(properties);
  // What the law's own rules say has the rules for source and basis.
  if (name === 'level' && beside.includes('ruleSet')) return true;
  const basis = own.includes('basis') || beside.includes(`${name}Basis`);
  const source =
    own.includes('source') || beside.some((other) => /^source(?:Agency)?$|^declaredBy$/.test(other));
  return basis && (source || !isReply);
}

function propertiesOf(root: JsonObject, schema: Json): JsonObject {
  const resolved = resolve(root, schema);
  const alternatives = ['anyOf', 'oneOf', 'allOf'].flatMap((key) => {
    const list = resolved[key];
    return Array.isArray(list) ? (list as readonly Json[]) : [];
  });
  return Object.assign(
    {},
    object(resolved['properties']),
    ...alternatives.map((each) => propertiesOf(root, each)),
  ) as JsonObject;
}

function resolve(root: JsonObject, schema: Json): JsonObject {
  const given = object(schema);
  const reference = given['$ref'];
  if (typeof reference !== 'string') return given;
  let at: Json = root;
  for (const step of reference.replace(/^#\//, '').split('/')) at = object(at)[step] ?? null;
  return object(at);
}

/** Every object schema that can be reached, references followed; one that is in a reply counts as that. */
function collect(
  root: JsonObject,
  value: Json,
  path: string,
  isReply: boolean,
  found: Map<JsonObject, { path: string; isReply: boolean }>,
): void {
  if (Array.isArray(value)) {
    for (const each of value as readonly Json[]) collect(root, each, path, isReply, found);
  } else if (typeof value === 'object' && value !== null) {
    const schema = resolve(root, value);
    const before = found.get(schema);
    if (before !== undefined && (before.isReply || !isReply)) return;
    found.set(schema, { path, isReply });
    for (const each of Object.values(schema)) collect(root, each, path, isReply, found);
  }
}

function object(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
