import { buildModule } from '@nomicfoundation/hardhat-ignition/modules';

/**
 * Deploys the contracts of a ledger. Nothing is in force afterwards: that takes the founding proposal of the council
 * (scripts/lib/found.ts), which no deployer can make.
 *
 * Parameters: `regions` (three region codes), `seats` (the key of each region's seat), `registerParameters`
 * ({quorumRegions, quietSeconds, finalSeconds, graceSeconds}).
 */
export default buildModule('Ledger', (m) => {
  const regions = m.getParameter('regions');
  const seats = m.getParameter('seats');
  const registerParameters = m.getParameter('registerParameters');

  const consortium = m.contract('Consortium', [regions, seats]);
  const registers = m.contract('CreditRegisters', [consortium, registerParameters]);
  const applications = m.contract('ApplicationList', [consortium]);
  const grants = m.contract('SharingGrants', [consortium]);
  const answerLog = m.contract('AnswerLog', [consortium, registers]);
  const workingCalendar = m.contract('WorkingCalendar', [consortium]);
  const commitmentItems = m.contract('CommitmentItems', [consortium]);
  const commitmentLetters = m.contract('CommitmentLetters', [consortium]);
  const incompleteFilings = m.contract('IncompleteFilings', [consortium]);
  const subjectConsents = m.contract('SubjectConsents', [consortium]);
  const creditCases = m.contract('CreditCases', [consortium]);
  const voluntaryPledges = m.contract('VoluntaryPledges', [consortium]);
  const claim8Verifier = m.contract('Claim8Verifier');
  const claim40Verifier = m.contract('Claim40Verifier');
  return {
    consortium,
    registers,
    applications,
    grants,
    answerLog,
    workingCalendar,
    commitmentItems,
    commitmentLetters,
    incompleteFilings,
    subjectConsents,
    creditCases,
    voluntaryPledges,
    claim8Verifier,
    claim40Verifier,
  };
});
