import data from './regions.json' with { type: 'json' };

const current = new Set(Object.keys(data.current));
const prefectures = new Set(Object.keys(data.currentPrefectures));
const historical = new Map(Object.entries(data.historical));

export type RegionStanding =
  | { readonly standing: 'current' | 'elsewhere' | 'unknown' }
  | { readonly standing: 'historical'; readonly name: string };

/** What is known of a six-digit region segment in 京津冀; other provinces are not judged. */
export function regionStanding(segment: string): RegionStanding {
  const name = historical.get(segment);
  if (name !== undefined) return { standing: 'historical', name };
  if (!/^1[123]/u.test(segment)) return { standing: 'elsewhere' };
  if (current.has(segment) || prefectures.has(segment.slice(0, 4))) return { standing: 'current' };
  // 110100 and the like: the municipality's own districts as a whole.
  return { standing: /^1[12]0[12]00$/u.test(segment) ? 'current' : 'unknown' };
}
