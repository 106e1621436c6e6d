import type { OperationResult } from '../../api/schemas/intake.ts';
import type { Sent } from '../../api/schemas/ledger.ts';
import type { Binding, Consent, QuestionAbout, Statement } from '../../api/schemas/subjects.ts';
import type { Book, Context } from '../command.ts';
import { table } from '../io.ts';
import { showQuestionsAbout } from '../questions-about.ts';
import { textFile } from '../signing-files.ts';
import { readSigned, type SignedDocument } from '../subject-documents.ts';

/** What an agency does for subjects: bindings, consents, statements, and what was asked. */
export function subjectsCommands(book: Book): void {
  bindingCommands(book);
  consentCommands(book);
  statementCommands(book);
  book.command<[string], { reason: string }>(
    book.program,
    'asked <code>',
    { en: 'every question about a subject, for that subject', zh: '列出针对某主体的全部查询（供主体查阅）' },
    'ledger asked 91110105MA00EXMP8L --reason 主体申请查询',
    (command) =>
      command.requiredOption(
        '--reason <text>',
        book.words({ en: 'why; goes into the access log', zh: '理由（记入访问日志）' }),
      ),
    async (context, { reason }, uscc) => {
      const { body } = await context.node.call<{ items: QuestionAbout[] }>('questionsAbout', {
        params: { uscc },
        reason,
      });
      showQuestionsAbout(context, body);
    },
  );
}

function bindingCommands(book: Book): void {
  const binding = book.group('binding', { en: 'keys of subjects', zh: '主体密钥绑定' });
  book.command<[string], object>(
    binding,
    'make <signed>',
    { en: 'vouch for a subject’s key', zh: '为主体密钥背书' },
    'ledger binding make binding.signed.json',
    (command) => command,
    async (context, _options, file) => {
      const { node, out } = context;
      const document = await signedFile(context, file, 'Binding');
      const { body } = await node.call<Binding | Sent>('makeBinding', {
        json: {
          uscc: document.about?.['uscc'],
          salt: document.about?.['salt'],
          subject: document.signer,
          signature: document.signature,
        },
      });
      out.result(body, 'subject' in body ? (body.bindingId ?? '') : sentWords(out, body));
    },
  );
  book.command<[], { subject?: string }>(
    binding,
    'list',
    { en: 'keys that we vouched for or can open', zh: '列出本机构背书或可开启的绑定' },
    'ledger binding list --subject 91110105MA00EXMP8L',
    (command) =>
      command.option('--subject <code>', book.words({ en: 'only of this subject', zh: '仅限该主体' })),
    async ({ node, out }, { subject }) => {
      const { body } = await node.call<{ items: Binding[] }>('listBindings', { query: { subject } });
      const head =
        out.lang === 'zh' ? ['编号', '地址', '背书成员', '状态'] : ['id', 'address', 'voucher', 'state'];
      const rows = body.items.map((item) => [item.bindingId ?? '', item.subject, item.voucher, item.state]);
      out.result(body, table(head, rows));
    },
  );
  book.command<[string], { signed?: string }>(
    binding,
    'end <bindingId>',
    {
      en: 'end a binding, as its voucher or by the subject’s signature',
      zh: '终止绑定（背书机构或凭主体签名）',
    },
    'ledger binding end 4',
    (command) =>
      command.option('--signed <file>', book.words({ en: 'what the subject signed', zh: '主体签署的文书' })),
    async (context, { signed }, id) => {
      const { node, out } = context;
      const signature =
        signed === undefined ? undefined : (await signedFile(context, signed, 'BindingEnd')).signature;
      const json = signature === undefined ? {} : { signature };
      const { body } = await node.call<Sent>('endBinding', { params: { id }, json });
      out.result(body, sentWords(out, body));
    },
  );
}

function consentCommands(book: Book): void {
  const consent = book.group('consent', { en: 'consents of subjects', zh: '主体授权' });
  book.command<[string], object>(
    consent,
    'give <signed>',
    { en: 'relay a consent that a subject signed', zh: '提交主体签署的授权' },
    'ledger consent give consent.signed.json',
    (command) => command,
    async (context, _options, file) => {
      const { node, out } = context;
      const { message, signature, about } = await signedFile(context, file, 'Consent');
      const opening =
        typeof about?.['uscc'] === 'string' ? { opening: { uscc: about['uscc'], salt: about['salt'] } } : {};
      const { body } = await node.call<Consent | Sent>('giveConsent', {
        json: { input: message, signature, ...opening },
      });
      out.result(body, 'id' in body ? body.id : sentWords(out, body));
    },
  );
  book.command<[], object>(
    consent,
    'list',
    { en: 'consents to us, about our registers, or of subjects that we know', zh: '列出与本机构有关的授权' },
    'ledger consent list',
    (command) => command,
    async ({ node, out }) => {
      const { body } = await node.call<{ items: Consent[] }>('listConsents');
      const head =
        out.lang === 'zh'
          ? ['编号', '绑定', '登记册', '被授权方', '应用', '截止', '已用', '状态']
          : ['id', 'binding', 'register', 'requester', 'application', 'until', 'uses', 'state'];
      const rows = body.items.map((item) => [
        item.id,
        item.bindingId,
        item.registerId,
        item.requester,
        item.application ?? item.applicationId,
        item.validUntil,
        `${item.uses}/${item.maxUses}`,
        item.state,
      ]);
      out.result(body, table(head, rows));
    },
  );
  book.command<[string], object>(
    consent,
    'show <consentId>',
    { en: 'a consent, and whether it can be used', zh: '查看授权及其是否可用' },
    'ledger consent show 0x…',
    (command) => command,
    async ({ node, out }, _options, id) => {
      const { body } = await node.call<Consent>('getConsent', { params: { id } });
      out.result(body, `${body.state} ${body.uses}/${body.maxUses}`);
    },
  );
  book.command<[string], object>(
    consent,
    'revoke <signed>',
    { en: 'relay that a subject revokes its consent', zh: '提交主体撤销授权的文书' },
    'ledger consent revoke revocation.signed.json',
    (command) => command,
    async (context, _options, file) => {
      const { node, out } = context;
      const { message, signature } = await signedFile(context, file, 'ConsentRevocation');
      const { body } = await node.call<Sent>('revokeConsent', {
        params: { id: String(message['consentId']) },
        json: { signature },
      });
      out.result(body, sentWords(out, body));
    },
  );
}

function statementCommands(book: Book): void {
  const statement = book.group('statement', {
    en: 'what subjects say of themselves (voluntary registration)',
    zh: '自愿注册信息',
  });
  book.command<[string], object>(
    statement,
    'add <signed>',
    { en: 'relay a statement that a subject signed', zh: '提交主体签署的自愿注册信息' },
    'ledger statement add statement.signed.json',
    (command) => command,
    async (context, _options, file) => {
      const { node, out } = context;
      const { message, signature, about } = await signedFile(context, file, 'Statement');
      const { body } = await node.call<Statement>('addStatement', {
        json: {
          bindingId: message['bindingId'],
          document: about?.['document'],
          signature,
          ...(about?.['salt'] === undefined ? {} : { salt: about['salt'] }),
        },
      });
      out.result(body, body.documentHash);
    },
  );
  book.command<[string], object>(
    statement,
    'list <code>',
    { en: 'a subject’s statements, with their promise of truth', zh: '列出主体的自愿注册信息及真实性承诺' },
    'ledger statement list 91110105MA00EXMP8L',
    (command) => command,
    async ({ node, out }, _options, subject) => {
      const { body } = await node.call<{ items: Statement[] }>('listStatements', { query: { subject } });
      const withdrawn = out.words({ en: 'withdrawn', zh: '已撤回' });
      const lines = body.items.flatMap(({ documentHash, document, revoked }) => [
        `${documentHash}${revoked ? ` (${withdrawn})` : ''}`,
        `  ${document.day} ${document.title}: ${document.contents}`,
        `  ${document.promise}`,
      ]);
      out.result(body, lines.join('\n'));
    },
  );
  book.command<[string], object>(
    statement,
    'revoke <signed>',
    { en: 'relay that a subject withdraws its statement', zh: '提交主体撤回自愿注册信息的文书' },
    'ledger statement revoke withdrawal.signed.json',
    (command) => command,
    async (context, _options, file) => {
      const { node, out } = context;
      const { message, signature, about } = await signedFile(context, file, 'StatementRevocation');
      const { body } = await node.call<OperationResult>('revokeStatement', {
        params: { id: String(message['documentHash']) },
        json: {
          bindingId: message['bindingId'],
          signature,
          ...(about?.['salt'] === undefined ? {} : { salt: about['salt'] }),
        },
      });
      out.result(body, out.words({ en: 'Withdrawn.', zh: '已撤回。' }));
    },
  );
}

async function signedFile({ path }: Context, file: string, primaryType: string): Promise<SignedDocument> {
  return readSigned(await textFile(path(file)), primaryType);
}

function sentWords(out: Context['out'], sent: Sent): string {
  return sent.state === 'mined'
    ? out.words({ en: `Done in block ${sent.blockNumber}.`, zh: `已在区块 ${sent.blockNumber} 完成。` })
    : out.words({ en: 'It is on its way; the node sees to it.', zh: '正在上链，节点会自行完成。' });
}
