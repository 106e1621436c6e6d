import { poseidon1 } from 'poseidon-lite/poseidon1';
import { poseidon2 } from 'poseidon-lite/poseidon2';
import { poseidon3 } from 'poseidon-lite/poseidon3';
import { poseidon4 } from 'poseidon-lite/poseidon4';
import { poseidon5 } from 'poseidon-lite/poseidon5';
import { poseidon6 } from 'poseidon-lite/poseidon6';
import type { FieldElement } from './field.ts';

// Poseidon as in circomlib, one function an arity (protocol §2). Inputs must be
// canonical field elements: the library reduces silently, and a value and its
// sum with r would share a hash. Every reader of outside data checks that first.

export const H1 = (a: bigint): FieldElement => poseidon1([a]) as FieldElement;
export const H2 = (a: bigint, b: bigint): FieldElement => poseidon2([a, b]) as FieldElement;
export const H3 = (a: bigint, b: bigint, c: bigint): FieldElement => poseidon3([a, b, c]) as FieldElement;
export const H4 = (a: bigint, b: bigint, c: bigint, d: bigint): FieldElement =>
  poseidon4([a, b, c, d]) as FieldElement;
export const H5 = (a: bigint, b: bigint, c: bigint, d: bigint, e: bigint): FieldElement =>
  poseidon5([a, b, c, d, e]) as FieldElement;
export const H6 = (a: bigint, b: bigint, c: bigint, d: bigint, e: bigint, f: bigint): FieldElement =>
  poseidon6([a, b, c, d, e, f]) as FieldElement;
