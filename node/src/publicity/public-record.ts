import type { Day, Message } from '@credit-ledger/sdk/protocol';
import type { StoredRecord } from '../store/records.ts';
import { PUBLIC_FIELDS } from './public-fields.data.ts';
import type { Visibility } from './visibility.ts';

/** A field that the public may see. */
export interface PublicField {
  readonly name: string;
  readonly title: Message;
  readonly value: string;
}

/** A record as the public sees it: no number of this node's, and no field that is not on the list. */
export interface PublicRecord {
  /** Stands for its number; says nothing about it. */
  readonly mark: string;
  readonly class: 1 | 2 | 3;
  readonly uscc: string;
  readonly subjectName: string;
  readonly documentNumber: string;
  readonly kind: number;
  readonly domain: number;
  /** As the source set it, with the rule and whose it is; never ours. */
  readonly severity: { readonly level: 0 | 1 | 2 | 3; readonly basis: string };
  readonly source: { readonly name: string; readonly uscc: string | null };
  readonly decisionDay: Day;
  readonly publicUntilDay: Day;
  readonly disputed: boolean;
  readonly fields: readonly PublicField[];
}

/** A visible record, reduced to what the public may see. */
export function publicRecordOf(
  record: StoredRecord,
  visibility: Extract<Visibility, { visible: true }>,
  mark: string,
): PublicRecord {
  return {
    mark,
    class: record.class,
    uscc: record.uscc,
    subjectName: record.subjectName,
    documentNumber: record.documentNumber,
    kind: record.kind,
    domain: record.domain,
    severity: { level: record.severity, basis: record.severityBasis },
    source: { name: record.sourceAgency.name, uscc: record.sourceAgency.uscc },
    decisionDay: record.day as Day,
    publicUntilDay: visibility.publicUntilDay,
    disputed: visibility.disputed,
    fields: publicFieldsOf(record),
  };
}

function publicFieldsOf(record: Pick<StoredRecord, 'class' | 'fields'>): PublicField[] {
  return PUBLIC_FIELDS.classes[record.class].flatMap(({ name, title }) => {
    const value = record.fields.find((field) => field.name === name)?.value;
    return value === undefined || value === '' ? [] : [{ name, title, value }];
  });
}
