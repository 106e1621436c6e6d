/** The number by which a contract knows a word: the lists of the SDK are in the order of its enums. */
export function ordinalOf<const W extends readonly string[]>(words: W, word: W[number]): number {
  const ordinal = words.indexOf(word);
  if (ordinal < 0) throw new RangeError(`no such word: ${word}`);
  return ordinal;
}

/** The word for a contract's number. */
export function wordAt<const W extends readonly string[]>(words: W, ordinal: number): W[number] {
  const word = words[ordinal];
  if (word === undefined) throw new RangeError(`no word for ${ordinal}`);
  return word;
}
