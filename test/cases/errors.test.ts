import { expect } from 'chai';
import { caseStateWrong } from '../../node/src/cases/errors.ts';

describe('a case that does not stand where a step needs it', () => {
  it('says where it stands and what is possible from there, in both languages', () => {
    const error = caseStateWrong({ caseId: 7n, caseType: 'repair', state: 'granted' });
    expect(error.code).to.equal('CASE_STATE_WRONG');
    expect(error.message).to.contain('“repair granted, not carried out yet”; possible from here: carry out,');
    expect(error.messageZh).to.contain('可办理：执行、标记超期（期限届满后）');
    expect(error.operands['possible']).to.deep.equal(['carry-out', 'mark-overdue']);
  });

  it('says that a closed case is final', () => {
    const error = caseStateWrong({ caseId: 7n, caseType: 'dispute', state: 'upheld' });
    expect(error.message).to.contain('“record upheld”, which is final');
    expect(error.messageZh).to.contain('已了结');
  });
});
