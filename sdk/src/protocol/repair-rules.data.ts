// The rules of repair and publicity by the day from which they are in force. Never edit a set once it governs:
// add the next one. `confirmed: false` marks what no public source that we read settles, or what is our reading
// of it where the rules and the catalogue use different words: an operator may have to change it.

const LISTED_BY_OTHERS = {
  en: 'Lists: the body that listed decides when the entry ends; there is no minimum, and publicity lasts as long as the entry.',
  zh: '名单类信息：移出由列入机关决定，不设最短公示期，公示至移出或者期限届满。',
};

const SEVERITY_READING = {
  en: 'The source’s label 较重 (2) or 严重 (3) makes a record serious; without a label (0) or with 一般 (1) the level follows from the kind.',
  zh: '数据来源部门标定为较重（2）或者严重（3）的，按严重；未标定（0）或者一般（1）的，按种类确定。',
};

/** What only the source knows: it must say so itself with `lawNamed`. */
const CONDUCT_2019 = {
  en: 'Bribery; tax evasion or fraud; evading debts in bad faith; withholding payment for goods or services in bad faith; withholding wages in bad faith; illegal fund-raising; contract fraud; pyramid selling; operating without a licence; making or selling fakes; wilful infringement of intellectual property; lending or borrowing qualifications for bids; collusive bidding; false advertising; harming consumers or investors; disturbing the order of the network; gathering crowds to disturb order; others named by law.',
  zh: '贿赂、逃税骗税、恶意逃废债务、恶意拖欠货款或服务费、恶意欠薪、非法集资、合同欺诈、传销、无证照经营、制售假冒伪劣产品、故意侵犯知识产权、出借和借用资质投标、围标串标、虚假广告、侵害消费者或证券期货投资者合法权益、严重破坏网络空间传播秩序、聚众扰乱社会秩序，以及法律、法规另有规定的。',
};

const NAMED_BY_LAW = {
  en: 'Whatever a law or a policy of the State names as not repairable.',
  zh: '法律、法规或者党中央、国务院政策文件明确规定不可修复的情形。',
};

export const REPAIR_RULES_DATA = {
  version: 1,
  sets: [
    {
      id: '2019-527',
      inForceFrom: '2019-07-01',
      source: '发改办财金〔2019〕527号',
      name: {
        en: 'Notice 2019-527 on the repair of penalties on credit websites',
        zh: '关于进一步完善“信用中国”网站及地方信用门户网站行政处罚信息信用修复机制的通知（发改办财金〔2019〕527号）',
      },
      baseLevel: 'general',
      levels: [
        {
          level: 'general',
          minimumMonths: 3,
          maximumMonths: 12,
          repairable: true,
          shown: true,
          conditions: ['minimum-reached', 'obligations-done', 'public-promise'],
          confirmed: true,
        },
        {
          level: 'serious',
          minimumMonths: 6,
          maximumMonths: 36,
          repairable: true,
          shown: true,
          conditions: ['minimum-reached', 'obligations-done', 'public-promise', 'training', 'credit-report'],
          confirmed: true,
        },
        {
          level: 'special',
          minimumMonths: 36,
          maximumMonths: 36,
          repairable: false,
          shown: true,
          conditions: [],
          confirmed: true,
        },
      ],
      severityLevels: {
        0: 'general',
        1: 'general',
        2: 'serious',
        3: 'serious',
        confirmed: false,
        note: SEVERITY_READING,
      },
      kindLevels: [
        {
          kinds: [6, 8],
          domains: [2, 4, 5, 6, 7],
          level: 'special',
          confirmed: true,
          note: {
            en: 'Stopped, closed or licence revoked in food and drugs, ecology, construction quality, work safety or fire safety.',
            zh: '在食品药品、生态环境、工程质量、安全生产、消防安全领域被责令停产停业或者吊销许可证、执照的。',
          },
        },
      ],
      lawNamedLevel: 'special',
      longerMinimums: [],
      listings: [{ kinds: [12, 13, 14], confirmed: false, note: LISTED_BY_OTHERS }],
      notInOurData: [
        { text: CONDUCT_2019, statedBy: 'lawNamed', confirmed: true },
        {
          text: {
            en: 'Stopped or revoked in compulsory product certification: no area of its own in the catalogue.',
            zh: '强制性产品认证领域的责令停产停业或者吊销：目录未单列该领域。',
          },
          statedBy: 'lawNamed',
          confirmed: true,
        },
      ],
      notes: [
        {
          text: {
            en: 'The notice speaks of penalties; kinds 11 and 15–18 are treated like them.',
            zh: '该通知规范行政处罚；第 11、15–18 类参照处理。',
          },
          confirmed: false,
        },
      ],
    },
    {
      id: '2023-58',
      inForceFrom: '2023-05-01',
      source: '国家发展和改革委员会令2023年第58号',
      name: {
        en: 'Order 58 of 2023, measures for repair (trial)',
        zh: '失信行为纠正后的信用信息修复管理办法（试行）（国家发展改革委令第58号）',
      },
      baseLevel: 'general',
      levels: [
        {
          level: 'minor',
          minimumMonths: 0,
          maximumMonths: 36,
          repairable: true,
          shown: false,
          conditions: ['obligations-done', 'public-promise'],
          confirmed: false,
        },
        {
          level: 'general',
          minimumMonths: 3,
          maximumMonths: 36,
          repairable: true,
          shown: true,
          conditions: ['minimum-reached', 'obligations-done', 'public-promise'],
          confirmed: true,
        },
      ],
      severityLevels: {
        0: 'minor',
        1: 'minor',
        2: 'minor',
        3: 'minor',
        confirmed: true,
        note: {
          en: 'The order knows no levels by severity: the kind alone decides, and the source’s label changes nothing.',
          zh: '该办法不按失信程度分级：仅按种类确定，来源部门标定的程度不影响期限。',
        },
      },
      kindLevels: [
        {
          kinds: [1, 2],
          level: 'minor',
          confirmed: false,
          note: { en: 'Warnings and criticism by circular are not shown.', zh: '警告、通报批评不予公示。' },
        },
      ],
      lawNamedLevel: null,
      longerMinimums: [
        {
          domains: [4, 5, 6],
          minimumMonths: 12,
          confirmed: true,
          note: {
            en: 'Food and drugs, work safety, fire safety: at least one year.',
            zh: '食品、药品、安全生产、消防领域最短公示期一年。',
          },
        },
      ],
      listings: [
        { kinds: [12, 13], confirmed: true, note: LISTED_BY_OTHERS },
        { kinds: [14], confirmed: false, note: LISTED_BY_OTHERS },
      ],
      notInOurData: [
        { text: NAMED_BY_LAW, statedBy: 'lawNamed', confirmed: true },
        {
          text: {
            en: 'Special equipment has a minimum of one year too, but no area of its own in the catalogue: the officer must watch it.',
            zh: '特种设备领域最短公示期同为一年，但目录未单列该领域，须由经办人把握。',
          },
          statedBy: null,
          confirmed: true,
        },
        {
          text: {
            en: 'Penalties by summary procedure are not shown; the templates do not say by which procedure a penalty was made.',
            zh: '以简易程序作出的行政处罚不予公示；双公示模板不含处罚程序，数据中无从得知。',
          },
          statedBy: null,
          confirmed: false,
        },
      ],
      notes: [
        {
          text: {
            en: 'The website takes a listed subject off within 3 working days of the listing body’s word.',
            zh: '收到列入机关移出名单信息后，网站在 3 个工作日内停止公示。',
          },
          confirmed: true,
        },
        {
          text: {
            en: 'Kinds 11 and 15–18 are treated like penalties.',
            zh: '第 11、15–18 类参照行政处罚处理。',
          },
          confirmed: false,
        },
      ],
    },
    {
      id: '2026-36',
      inForceFrom: '2026-04-01',
      source: '国家发展和改革委员会令2025年第36号',
      name: {
        en: 'Order 36, measures for repair, in force from 2026-04-01',
        zh: '信用修复管理办法（国家发展改革委令第36号，自2026年4月1日起施行）',
      },
      baseLevel: 'general',
      levels: [
        {
          level: 'minor',
          minimumMonths: 0,
          maximumMonths: 3,
          repairable: true,
          shown: false,
          conditions: ['obligations-done', 'public-promise'],
          confirmed: true,
        },
        {
          level: 'general',
          minimumMonths: 3,
          maximumMonths: 12,
          repairable: true,
          shown: true,
          conditions: ['minimum-reached', 'obligations-done', 'public-promise'],
          confirmed: true,
        },
        {
          level: 'serious',
          minimumMonths: 12,
          maximumMonths: 36,
          repairable: true,
          shown: true,
          conditions: ['minimum-reached', 'obligations-done', 'public-promise'],
          confirmed: true,
        },
      ],
      severityLevels: {
        0: 'minor',
        1: 'minor',
        2: 'serious',
        3: 'serious',
        confirmed: false,
        note: SEVERITY_READING,
      },
      kindLevels: [
        {
          kinds: [1, 2],
          level: 'minor',
          confirmed: true,
          note: {
            en: 'Warnings and criticism by circular are minor: as a rule not shown, and where it is needed for 3 months at most.',
            zh: '警告、通报批评属轻微失信信息：原则上不予公示，确有必要的最长三个月。',
          },
        },
        {
          kinds: [6, 9, 13],
          level: 'serious',
          confirmed: true,
          note: {
            en: 'Licence revoked, ban from an occupation or market, listed in severe default.',
            zh: '吊销许可证件、限制从业、列入严重失信主体名单。',
          },
        },
        {
          kinds: [7, 8],
          level: 'serious',
          confirmed: false,
          note: {
            en: 'Production or business restricted, stopped or closed.',
            zh: '限制开展生产经营活动、责令停产停业、责令关闭。',
          },
        },
      ],
      lawNamedLevel: null,
      longerMinimums: [],
      listings: [{ kinds: [12, 14], confirmed: false, note: LISTED_BY_OTHERS }],
      notInOurData: [
        { text: NAMED_BY_LAW, statedBy: 'lawNamed', confirmed: true },
        {
          text: {
            en: 'Penalties by summary procedure and small fines are minor; the templates do not say which are, and the source’s label decides for fines.',
            zh: '以简易程序作出的行政处罚、较小数额罚款属轻微；双公示模板不含处罚程序和数额档次，罚款按来源部门标定的程度确定。',
          },
          statedBy: null,
          confirmed: true,
        },
        {
          text: {
            en: 'That a minor record must be shown after all (3 months at most) is the authority’s decision; the ledger shows none.',
            zh: '轻微失信信息确有必要公示的由行业主管部门决定（最长三个月）；本账本一律不公示。',
          },
          statedBy: null,
          confirmed: true,
        },
      ],
      notes: [
        {
          text: {
            en: 'Where the maximum has passed and the conduct is not mended, the authority’s own rules may go on; here publicity stops by itself.',
            zh: '达到最长公示期但未纠正失信行为的，按行业主管部门有关规定执行；本账本届满自动停止公示。',
          },
          confirmed: false,
        },
        {
          text: {
            en: 'Kinds 11 and 15–18 are treated as general unless the source’s label says serious.',
            zh: '第 11、15–18 类按一般处理，来源部门标定为较重、严重的除外。',
          },
          confirmed: false,
        },
      ],
    },
  ],
} as const;
