// Version 1 of the catalogue: the same for all members, its hash on chain. Never edit a published
// version: add the next one.
export const CATALOGUE_DATA = {
  version: 1,
  kinds: [
    {
      code: 1,
      class: 1,
      slug: 'warning',
      name: {
        zh: '警告',
        en: 'Warning',
      },
    },
    {
      code: 2,
      class: 1,
      slug: 'criticism',
      name: {
        zh: '通报批评',
        en: 'Criticism by circular',
      },
    },
    {
      code: 3,
      class: 1,
      slug: 'fine',
      name: {
        zh: '罚款',
        en: 'Fine',
      },
    },
    {
      code: 4,
      class: 1,
      slug: 'confiscation',
      name: {
        zh: '没收违法所得、没收非法财物',
        en: 'Confiscation of illegal gains or property',
      },
    },
    {
      code: 5,
      class: 1,
      slug: 'licence-suspended',
      name: {
        zh: '暂扣许可证件、降低资质等级',
        en: 'Licence suspended or qualification lowered',
      },
    },
    {
      code: 6,
      class: 1,
      slug: 'licence-revoked',
      name: {
        zh: '吊销许可证件',
        en: 'Licence revoked',
      },
    },
    {
      code: 7,
      class: 1,
      slug: 'activity-restricted',
      name: {
        zh: '限制开展生产经营活动',
        en: 'Production or business restricted',
      },
    },
    {
      code: 8,
      class: 1,
      slug: 'production-stopped',
      name: {
        zh: '责令停产停业、责令关闭',
        en: 'Ordered to stop production or business',
      },
    },
    {
      code: 9,
      class: 1,
      slug: 'market-ban',
      name: {
        zh: '限制从业、市场和行业禁入',
        en: 'Ban from a market or industry',
      },
    },
    {
      code: 10,
      class: 1,
      slug: 'penalty-other',
      name: {
        zh: '其他行政处罚',
        en: 'Other administrative penalty',
      },
    },
    {
      code: 11,
      class: 1,
      slug: 'enforcement',
      name: {
        zh: '行政强制',
        en: 'Administrative enforcement',
      },
    },
    {
      code: 12,
      class: 1,
      slug: 'abnormal-operation',
      name: {
        zh: '列入经营异常名录',
        en: 'Listed as operating abnormally',
      },
    },
    {
      code: 13,
      class: 1,
      slug: 'severe-default-list',
      name: {
        zh: '列入严重失信主体名单',
        en: 'Listed as a subject in severe default',
      },
    },
    {
      code: 14,
      class: 1,
      slug: 'judgment-defaulter',
      name: {
        zh: '失信被执行人',
        en: 'Defaulter on a court judgment',
      },
    },
    {
      code: 15,
      class: 1,
      slug: 'broken-commitment',
      name: {
        zh: '告知承诺不实',
        en: 'False or broken commitment',
      },
    },
    {
      code: 16,
      class: 1,
      slug: 'filing-overdue',
      name: {
        zh: '容缺受理逾期未补',
        en: 'Missing documents not supplied in time',
      },
    },
    {
      code: 17,
      class: 1,
      slug: 'accident-liability',
      name: {
        zh: '责任事故',
        en: 'Liable for an accident',
      },
    },
    {
      code: 18,
      class: 1,
      slug: 'association-discipline',
      name: {
        zh: '行业协会惩戒',
        en: 'Discipline by an association',
      },
    },
    {
      code: 24,
      class: 2,
      slug: 'permit-ordinary',
      name: {
        zh: '普通许可',
        en: 'Ordinary permit',
      },
    },
    {
      code: 25,
      class: 2,
      slug: 'permit-franchise',
      name: {
        zh: '特许',
        en: 'Franchise',
      },
    },
    {
      code: 26,
      class: 2,
      slug: 'permit-accreditation',
      name: {
        zh: '认可',
        en: 'Accreditation',
      },
    },
    {
      code: 27,
      class: 2,
      slug: 'permit-approval',
      name: {
        zh: '核准',
        en: 'Approval',
      },
    },
    {
      code: 28,
      class: 2,
      slug: 'permit-registration',
      name: {
        zh: '登记',
        en: 'Registration',
      },
    },
    {
      code: 29,
      class: 2,
      slug: 'permit-other',
      name: {
        zh: '其他许可',
        en: 'Other permit',
      },
    },
    {
      code: 40,
      class: 3,
      slug: 'tax-on-time',
      name: {
        zh: '按期纳税',
        en: 'Tax paid on time',
      },
    },
    {
      code: 41,
      class: 3,
      slug: 'social-insurance-on-time',
      name: {
        zh: '按期缴纳社保公积金',
        en: 'Social insurance paid on time',
      },
    },
    {
      code: 42,
      class: 3,
      slug: 'utilities-on-time',
      name: {
        zh: '按期缴纳水电燃气',
        en: 'Utilities paid on time',
      },
    },
    {
      code: 43,
      class: 3,
      slug: 'honour',
      name: {
        zh: '诚实守信荣誉',
        en: 'Honour for good faith',
      },
    },
    {
      code: 44,
      class: 3,
      slug: 'contract-performed',
      name: {
        zh: '合同履行',
        en: 'Contract performed',
      },
    },
    {
      code: 45,
      class: 3,
      slug: 'commitment-kept',
      name: {
        zh: '履行信用承诺',
        en: 'Commitment kept',
      },
    },
    {
      code: 46,
      class: 3,
      slug: 'self-declared-certificate',
      name: {
        zh: '自愿注册：资质证书',
        en: 'Self-declared: certificate',
      },
    },
    {
      code: 47,
      class: 3,
      slug: 'self-declared-contract',
      name: {
        zh: '自愿注册：合同履行',
        en: 'Self-declared: contract performed',
      },
    },
    {
      code: 48,
      class: 3,
      slug: 'self-declared-welfare',
      name: {
        zh: '自愿注册：社会公益',
        en: 'Self-declared: public welfare',
      },
    },
  ],
  domains: [
    {
      code: 0,
      name: {
        zh: '综合',
        en: 'General',
      },
    },
    {
      code: 1,
      name: {
        zh: '市场监管',
        en: 'Market regulation',
      },
    },
    {
      code: 2,
      name: {
        zh: '生态环境',
        en: 'Ecology and environment',
      },
    },
    {
      code: 3,
      name: {
        zh: '交通运输',
        en: 'Transport',
      },
    },
    {
      code: 4,
      name: {
        zh: '食品药品',
        en: 'Food and drugs',
      },
    },
    {
      code: 5,
      name: {
        zh: '安全生产',
        en: 'Work safety',
      },
    },
    {
      code: 6,
      name: {
        zh: '消防',
        en: 'Fire safety',
      },
    },
    {
      code: 7,
      name: {
        zh: '工程建设',
        en: 'Construction',
      },
    },
    {
      code: 8,
      name: {
        zh: '税务',
        en: 'Tax',
      },
    },
    {
      code: 9,
      name: {
        zh: '人力资源和社会保障',
        en: 'Human resources and social security',
      },
    },
    {
      code: 10,
      name: {
        zh: '金融',
        en: 'Finance',
      },
    },
    {
      code: 11,
      name: {
        zh: '政府采购和招投标',
        en: 'Procurement and tendering',
      },
    },
    {
      code: 12,
      name: {
        zh: '文化和旅游',
        en: 'Culture and tourism',
      },
    },
    {
      code: 13,
      name: {
        zh: '知识产权',
        en: 'Intellectual property',
      },
    },
    {
      code: 14,
      name: {
        zh: '司法',
        en: 'Judiciary',
      },
    },
    {
      code: 15,
      name: {
        zh: '其他',
        en: 'Other',
      },
    },
  ],
  severities: [
    {
      code: 0,
      name: {
        zh: '无',
        en: 'none',
      },
    },
    {
      code: 1,
      name: {
        zh: '一般',
        en: 'general',
      },
    },
    {
      code: 2,
      name: {
        zh: '较重',
        en: 'serious',
      },
    },
    {
      code: 3,
      name: {
        zh: '严重',
        en: 'severe',
      },
    },
  ],
  applications: [
    {
      slug: 'procurement-qualification',
      name: {
        zh: '政府采购供应商资格审查',
        en: 'Qualification of suppliers in public procurement',
      },
      legalBasis: '《中华人民共和国政府采购法》第二十二条',
      gateway: 'government-sharing',
      historicalDays: false,
      predicates: [
        {
          slug: 'no-severe-default',
          name: {
            zh: '近三年内无有效的严重失信记录',
            en: 'No severe default in force within three years',
          },
          class: 1,
          clauses: [
            {
              kinds: '0xffffffffffffffff',
              domains: '0xffff',
              minSeverity: 3,
              maxAgeDays: 1095,
              status: 'in-force',
              aggregate: 'count',
              comparison: 'at-most',
              threshold: '0',
            },
          ],
          circuitSizes: [8, 40],
        },
        {
          slug: 'fines-below-limit',
          name: {
            zh: '近一年有效罚款和没收合计不超过十万元',
            en: 'Fines and confiscations in force within a year at most CNY 100,000',
          },
          class: 1,
          clauses: [
            {
              // Every kind of penalty (1–10): a record has the gravest kind of its decision, and the money with it.
              kinds: '0x00000000000007fe',
              domains: '0xffff',
              minSeverity: 0,
              maxAgeDays: 365,
              status: 'in-force',
              aggregate: 'sum',
              comparison: 'at-most',
              threshold: '10000000',
            },
          ],
          circuitSizes: [8, 40],
        },
        {
          slug: 'no-market-ban',
          name: {
            zh: '无有效的市场和行业禁入',
            en: 'No ban from a market or industry in force',
          },
          class: 1,
          clauses: [
            {
              kinds: '0x0000000000000200',
              domains: '0xffff',
              minSeverity: 0,
              maxAgeDays: 0,
              status: 'in-force',
              aggregate: 'count',
              comparison: 'at-most',
              threshold: '0',
            },
          ],
          circuitSizes: [8, 40],
        },
      ],
    },
    {
      slug: 'transport-permit-review',
      name: {
        zh: '道路运输经营许可审查',
        en: 'Review of road transport permits',
      },
      legalBasis: '《中华人民共和国道路运输条例》第二十二条',
      gateway: 'government-sharing',
      historicalDays: false,
      predicates: [
        {
          slug: 'no-severe-default',
          name: {
            zh: '近三年内无有效的严重失信记录',
            en: 'No severe default in force within three years',
          },
          class: 1,
          clauses: [
            {
              kinds: '0xffffffffffffffff',
              domains: '0xffff',
              minSeverity: 3,
              maxAgeDays: 1095,
              status: 'in-force',
              aggregate: 'count',
              comparison: 'at-most',
              threshold: '0',
            },
          ],
          circuitSizes: [8, 40],
        },
        {
          slug: 'permit-in-force',
          name: {
            zh: '持有有效许可',
            en: 'Holds a permit in force',
          },
          class: 2,
          clauses: [
            {
              kinds: '0xffffffffffffffff',
              domains: '0xffff',
              minSeverity: 0,
              maxAgeDays: 0,
              status: 'in-force',
              aggregate: 'count',
              comparison: 'at-least',
              threshold: '1',
            },
          ],
          circuitSizes: [8, 40],
        },
        {
          slug: 'no-severe-and-few-general',
          name: {
            zh: '无有效严重失信且近一年一般失信不超过两条',
            en: 'No severe default in force, and at most two records of any severity within a year',
          },
          class: 1,
          clauses: [
            {
              kinds: '0xffffffffffffffff',
              domains: '0xffff',
              minSeverity: 3,
              maxAgeDays: 0,
              status: 'in-force',
              aggregate: 'count',
              comparison: 'at-most',
              threshold: '0',
            },
            {
              kinds: '0xffffffffffffffff',
              domains: '0xffff',
              minSeverity: 1,
              maxAgeDays: 365,
              status: 'in-force',
              aggregate: 'count',
              comparison: 'at-most',
              threshold: '2',
            },
          ],
          circuitSizes: [8, 40],
        },
      ],
    },
    {
      slug: 'commitment-eligibility',
      name: {
        zh: '告知承诺适用资格核查',
        en: 'Eligibility for commitment letters',
      },
      legalBasis: '国务院办公厅关于全面推行证明事项和涉企经营许可事项告知承诺制的指导意见',
      gateway: 'government-sharing',
      historicalDays: false,
      predicates: [
        {
          slug: 'may-promise',
          name: {
            zh: '无有效的较严重失信且无未修复的虚假承诺',
            en: 'No serious record in force and no unrepaired broken commitment',
          },
          class: 1,
          clauses: [
            {
              kinds: '0xffffffffffffffff',
              domains: '0xffff',
              minSeverity: 2,
              maxAgeDays: 0,
              status: 'in-force',
              aggregate: 'count',
              comparison: 'at-most',
              threshold: '0',
            },
            {
              kinds: '0x0000000000018000',
              domains: '0xffff',
              minSeverity: 0,
              maxAgeDays: 0,
              status: 'unrepaired',
              aggregate: 'count',
              comparison: 'at-most',
              threshold: '0',
            },
          ],
          circuitSizes: [8, 40],
        },
      ],
    },
    {
      slug: 'bank-credit-review',
      name: {
        zh: '企业授信审查',
        en: 'Credit review by a bank',
      },
      legalBasis: '《征信业管理条例》第十八条',
      gateway: 'subject-consent',
      historicalDays: false,
      predicates: [
        {
          slug: 'no-severe-default',
          name: {
            zh: '近三年内无有效的严重失信记录',
            en: 'No severe default in force within three years',
          },
          class: 1,
          clauses: [
            {
              kinds: '0xffffffffffffffff',
              domains: '0xffff',
              minSeverity: 3,
              maxAgeDays: 1095,
              status: 'in-force',
              aggregate: 'count',
              comparison: 'at-most',
              threshold: '0',
            },
          ],
          circuitSizes: [8, 40],
        },
        {
          slug: 'tax-on-time-12',
          name: {
            zh: '近一年至少四次按期纳税',
            en: 'At least four tax periods paid on time within a year',
          },
          class: 3,
          clauses: [
            {
              kinds: '0x0000010000000000',
              domains: '0xffff',
              minSeverity: 0,
              maxAgeDays: 366,
              status: 'not-revoked',
              aggregate: 'count',
              comparison: 'at-least',
              threshold: '4',
            },
          ],
          circuitSizes: [8, 40],
        },
      ],
    },
  ],
} as const;
