// Which fields of a record the public may see, by class and by the name that intake gives them: a positive list.
// Whatever is not here is left out: numbers of other registries, remarks, raw spellings, technical columns, and
// every column about a person (intake drops those unread).
export const PUBLIC_FIELDS = {
  version: 1,
  classes: {
    /** Adverse: the columns of the national template of penalties that it has published. */
    1: [
      { name: 'title', title: { zh: '处罚名称', en: 'Title' } },
      { name: 'violationType', title: { zh: '违法行为类型', en: 'Type of violation' } },
      { name: 'facts', title: { zh: '违法事实', en: 'Facts' } },
      { name: 'legalBasis', title: { zh: '处罚依据', en: 'Legal basis' } },
      { name: 'penaltyTypes', title: { zh: '处罚类别', en: 'Kinds of penalty' } },
      { name: 'penaltyTypesMore', title: { zh: '处罚类别2', en: 'Further kind of penalty' } },
      { name: 'penaltyContent', title: { zh: '处罚内容', en: 'Penalty' } },
      { name: 'fine', title: { zh: '罚款金额', en: 'Fine' } },
      { name: 'confiscated', title: { zh: '没收金额', en: 'Confiscated' } },
      { name: 'licenceTaken', title: { zh: '暂扣或吊销证照名称及编号', en: 'Licence taken' } },
      { name: 'validUntil', title: { zh: '处罚有效期', en: 'In effect until' } },
      { name: 'authorityName', title: { zh: '处罚机关', en: 'Authority' } },
      { name: 'authorityCode', title: { zh: '处罚机关统一社会信用代码', en: 'Code of the authority' } },
      // Of records that a process made. Numbers and digests of letters and filings stay out: they would link a
      // subject to what is on the chain.
      { name: '事项名称', title: { zh: '事项名称', en: 'Matter' } },
      { name: '核查认定', title: { zh: '核查认定', en: 'Finding' } },
      { name: '受理日期', title: { zh: '受理日期', en: 'Accepted' } },
      { name: '补正截止日', title: { zh: '补正截止日', en: 'Documents due' } },
      { name: '补正日期', title: { zh: '补正日期', en: 'Documents supplied' } },
      { name: '处理结果', title: { zh: '处理结果', en: 'Outcome' } },
      { name: '法律依据', title: { zh: '法律依据', en: 'Legal basis' } },
    ],
    /** Permits: likewise. */
    2: [
      { name: 'title', title: { zh: '项目名称', en: 'Title' } },
      { name: 'documentTitle', title: { zh: '行政许可决定文书名称', en: 'Title of the document' } },
      { name: 'permitTypes', title: { zh: '许可类别', en: 'Kinds of permit' } },
      { name: 'certificateName', title: { zh: '许可证书名称', en: 'Certificate' } },
      { name: 'permitNumber', title: { zh: '许可编号', en: 'Number of the permit' } },
      { name: 'permitContent', title: { zh: '许可内容', en: 'What is permitted' } },
      { name: 'validFrom', title: { zh: '有效期自', en: 'Valid from' } },
      { name: 'validUntil', title: { zh: '有效期至', en: 'Valid until' } },
      { name: 'authorityName', title: { zh: '许可机关', en: 'Authority' } },
      { name: 'authorityCode', title: { zh: '许可机关统一社会信用代码', en: 'Code of the authority' } },
    ],
    /** What a subject says about itself, when it asked for that. */
    3: [
      { name: 'title', title: { zh: '名称', en: 'Title' } },
      { name: 'content', title: { zh: '内容', en: 'Content' } },
      { name: 'validFrom', title: { zh: '有效期自', en: 'Valid from' } },
      { name: 'validUntil', title: { zh: '有效期至', en: 'Valid until' } },
      { name: 'promise', title: { zh: '公开承诺', en: 'Public promise' } },
    ],
  },
  /** Kinds of the catalogue that are a subject's own statements, and the field by which it asks for publicity. */
  selfDeclared: { kinds: [46, 47, 48], askedField: 'publicityAsked', askedValue: 'yes' },
} as const;
