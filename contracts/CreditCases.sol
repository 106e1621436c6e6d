// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IConsortium} from "./interfaces/IConsortium.sol";
import {ICreditCases} from "./interfaces/ICreditCases.sol";
import {ICreditRegisters} from "./interfaces/ICreditRegisters.sol";
import {IWorkingCalendar} from "./interfaces/IWorkingCalendar.sol";
import {CivilDays} from "./lib/CivilDays.sol";
import {Names} from "./Names.sol";

/// @title Disputes and repairs
/// @notice See {ICreditCases}.
contract CreditCases is ICreditCases {
    /// @dev The longest period that the calendar computes.
    uint16 private constant MAX_DAYS = 250;
    uint16 private constant LAST_COMMON_DISMISSAL_CODE = 5;
    uint16 private constant LAST_DISMISSAL_CODE = 8;

    /// @notice Who the members are and what is in force.
    IConsortium public immutable consortium;

    /// @inheritdoc ICreditCases
    uint256 public caseCount;
    /// @inheritdoc ICreditCases
    mapping(uint256 memberId => uint256) public superiorOf;
    /// @inheritdoc ICreditCases
    mapping(uint256 registerId => uint64) public overdueCount;
    Rules private _rules;
    mapping(uint256 caseId => CaseView) private _cases;
    /// @dev The due day that was counted last: each counts once, and a repair has a second one later than the first.
    mapping(uint256 caseId => uint32 dueDay) private _countedDueDay;
    /// @dev By filer: nobody can take up a document seen in a pending transaction of another.
    mapping(uint256 filedBy => mapping(bytes32 documentHash => uint256 caseId)) private _ofDocument;

    modifier onlyCouncil() {
        if (msg.sender != address(consortium)) revert NotCouncil(msg.sender);
        _;
    }

    /// @notice Binds the cases to a consortium.
    /// @param consortium_ The consortium.
    constructor(IConsortium consortium_) {
        consortium = consortium_;
    }

    // ---- rules ---------------------------------------------------------------------------------------------------

    /// @inheritdoc ICreditCases
    function setRules(Rules calldata rules_) external onlyCouncil {
        if (
            !_isPeriod(rules_.disputeDays) || !_isPeriod(rules_.repairDays) || !_isPeriod(rules_.carryOutDays)
        ) {
            revert InvalidRules();
        }
        _rules = rules_;
        emit RulesSet(rules_.disputeDays, rules_.repairDays, rules_.carryOutDays);
    }

    /// @inheritdoc ICreditCases
    function setSuperior(uint256 memberId, uint256 superior) external onlyCouncil {
        bool valid =
            _isAuthority(memberId) && superior != memberId && (superior == 0 || _isAuthority(superior));
        if (!valid) revert InvalidSuperior(memberId, superior);
        superiorOf[memberId] = superior;
        emit SuperiorSet(memberId, superior);
    }

    // ---- steps ---------------------------------------------------------------------------------------------------

    /// @inheritdoc ICreditCases
    function file(
        CaseType caseType,
        uint256 registerId,
        bytes32 documentHash
    ) external returns (uint256 caseId) {
        // Cases that are open here go on after a successor has come into force; new ones go there.
        address inForce = consortium.contractInForce(Names.CREDIT_CASES);
        if (inForce != address(this)) revert NotInForce(Names.CREDIT_CASES, inForce);
        uint256 filedBy = consortium.requireOperator(msg.sender);
        if (caseType == CaseType.None) revert InvalidCaseType();
        uint256 source = ICreditRegisters(_inForce(Names.CREDIT_REGISTERS)).ownerOf(registerId);
        if (source == 0) revert UnknownRegister(registerId);
        if (documentHash == bytes32(0)) revert InvalidHash("documentHash");
        uint256 known = _ofDocument[filedBy][documentHash];
        if (known != 0) revert DocumentFiled(documentHash, known);

        caseId = ++caseCount;
        _ofDocument[filedBy][documentHash] = caseId;
        CaseView storage c = _cases[caseId];
        c.caseType = caseType;
        c.registerId = registerId;
        c.source = source;
        c.filedBy = filedBy;
        c.documentHash = documentHash;
        c.filedDay = CivilDays.today();
        c.dueDay = _dueDay(caseType == CaseType.Dispute ? _rules.disputeDays : _rules.repairDays);
        _enter(c, State.Filed);
        emit CaseFiled(caseId, registerId, filedBy, caseType, documentHash, c.filedDay, c.dueDay);
    }

    /// @inheritdoc ICreditCases
    function acknowledge(uint256 caseId) external {
        CaseView storage c = _asSource(caseId);
        _requireState(caseId, c, State.Filed);
        _enter(c, State.Received);
        emit CaseReceived(caseId, c.registerId);
    }

    /// @inheritdoc ICreditCases
    function decideDispute(
        uint256 caseId,
        State state,
        bytes32 decisionHash,
        bytes32 entryCommitment
    ) external {
        CaseView storage c = _asSource(caseId);
        _requireDecidable(caseId, c, CaseType.Dispute, decisionHash);
        if (state != State.Upheld && state != State.Corrected && state != State.Revoked) {
            revert InvalidDecision(state);
        }
        if (entryCommitment == bytes32(0)) revert EntryMissing(caseId);
        _countIfLate(caseId, c);
        _decide(caseId, c, c.source, state, decisionHash, entryCommitment);
    }

    /// @inheritdoc ICreditCases
    function decideRepair(
        uint256 caseId,
        bool granted,
        bytes32 decisionHash,
        bytes32 entryCommitment
    ) external {
        CaseView storage c = _known(caseId);
        uint256 memberId = consortium.requireOperator(msg.sender);
        bool bySource = memberId == c.source;
        if (!bySource && memberId != superiorOf[c.source]) revert NotSourceOrSuperior(caseId, memberId);
        _requireDecidable(caseId, c, CaseType.Repair, decisionHash);
        bool entryExpected = granted && bySource;
        if (entryExpected && entryCommitment == bytes32(0)) revert EntryMissing(caseId);
        if (!entryExpected && entryCommitment != bytes32(0)) revert EntryNotExpected(caseId);
        _countIfLate(caseId, c);
        State state = State.Denied;
        if (entryExpected) {
            state = State.CarriedOut;
        } else if (granted) {
            state = State.Granted;
            c.dueDay = _dueDay(_rules.carryOutDays);
        }
        _decide(caseId, c, memberId, state, decisionHash, entryCommitment);
    }

    /// @inheritdoc ICreditCases
    function carryOut(uint256 caseId, bytes32 entryCommitment) external {
        CaseView storage c = _asSource(caseId);
        _requireType(caseId, c, CaseType.Repair);
        _requireState(caseId, c, State.Granted);
        if (entryCommitment == bytes32(0)) revert EntryMissing(caseId);
        _countIfLate(caseId, c);
        c.entryCommitment = entryCommitment;
        _enter(c, State.CarriedOut);
        emit CaseCarriedOut(caseId, c.registerId, entryCommitment);
    }

    /// @inheritdoc ICreditCases
    function dismiss(uint256 caseId, uint16 code) external {
        CaseView storage c = _asSource(caseId);
        _requireUndecided(caseId, c);
        uint16 last = c.caseType == CaseType.Repair ? LAST_DISMISSAL_CODE : LAST_COMMON_DISMISSAL_CODE;
        if (code == 0 || code > last) revert UnknownDismissalCode(code);
        _countIfLate(caseId, c);
        c.dismissalCode = code;
        _enter(c, State.Dismissed);
        emit CaseDismissed(caseId, c.registerId, code);
    }

    /// @inheritdoc ICreditCases
    function withdraw(uint256 caseId) external {
        CaseView storage c = _known(caseId);
        uint256 memberId = consortium.requireOperator(msg.sender);
        if (memberId != c.filedBy) revert NotFiler(caseId, memberId);
        _requireUndecided(caseId, c);
        _countIfLate(caseId, c);
        _enter(c, State.Withdrawn);
        emit CaseWithdrawn(caseId, c.registerId);
    }

    /// @inheritdoc ICreditCases
    function markOverdue(uint256 caseId) external {
        CaseView storage c = _known(caseId);
        if (c.state != State.Granted) _requireUndecided(caseId, c);
        if (_countedDueDay[caseId] == c.dueDay) revert AlreadyOverdue(caseId);
        uint32 today = CivilDays.today();
        if (today <= c.dueDay) revert NotYetOverdue(caseId, c.dueDay, today);
        _countIfLate(caseId, c);
    }

    // ---- views ---------------------------------------------------------------------------------------------------

    /// @inheritdoc ICreditCases
    function rules() external view returns (Rules memory) {
        return _rules;
    }

    /// @inheritdoc ICreditCases
    function caseOf(uint256 caseId) external view returns (CaseView memory) {
        return _cases[caseId];
    }

    /// @inheritdoc ICreditCases
    function caseOfDocument(uint256 filedBy, bytes32 documentHash) external view returns (uint256 caseId) {
        return _ofDocument[filedBy][documentHash];
    }

    // ---- inside --------------------------------------------------------------------------------------------------

    function _isPeriod(uint16 workingDays) private pure returns (bool) {
        return workingDays != 0 && workingDays <= MAX_DAYS;
    }

    function _isAuthority(uint256 memberId) private view returns (bool) {
        (IConsortium.Role role, ) = consortium.roleAndRegion(memberId);
        return role == IConsortium.Role.Authority;
    }

    function _inForce(bytes32 name) private view returns (address contract_) {
        contract_ = consortium.contractInForce(name);
        if (contract_ == address(0)) revert NotInForce(name, contract_);
    }

    /// @dev Before the council has set rules there are no due days, and so no cases.
    function _dueDay(uint16 workingDays) private view returns (uint32) {
        if (workingDays == 0) revert InvalidRules();
        return IWorkingCalendar(_inForce(Names.WORKING_CALENDAR)).dueDay(CivilDays.today(), workingDays);
    }

    function _known(uint256 caseId) private view returns (CaseView storage c) {
        c = _cases[caseId];
        if (c.caseType == CaseType.None) revert UnknownCase(caseId);
    }

    /// @dev The source as it was when the case was filed: a register never changes hands.
    function _asSource(uint256 caseId) private view returns (CaseView storage c) {
        c = _known(caseId);
        uint256 memberId = consortium.requireOperator(msg.sender);
        if (memberId != c.source) revert NotSource(caseId, memberId);
    }

    function _requireType(uint256 caseId, CaseView storage c, CaseType caseType) private view {
        if (c.caseType != caseType) revert WrongCaseType(caseId, c.caseType);
    }

    function _requireState(uint256 caseId, CaseView storage c, State state) private view {
        if (c.state != state) revert WrongState(caseId, c.state);
    }

    function _requireUndecided(uint256 caseId, CaseView storage c) private view {
        if (c.state != State.Filed && c.state != State.Received) revert WrongState(caseId, c.state);
    }

    function _requireDecidable(
        uint256 caseId,
        CaseView storage c,
        CaseType caseType,
        bytes32 decisionHash
    ) private view {
        _requireType(caseId, c, caseType);
        _requireState(caseId, c, State.Received);
        if (decisionHash == bytes32(0)) revert InvalidHash("decisionHash");
    }

    function _decide(
        uint256 caseId,
        CaseView storage c,
        uint256 decidedBy,
        State state,
        bytes32 decisionHash,
        bytes32 entryCommitment
    ) private {
        c.decidedBy = decidedBy;
        c.decisionHash = decisionHash;
        c.entryCommitment = entryCommitment;
        _enter(c, state);
        emit CaseDecided(caseId, c.registerId, decidedBy, state, decisionHash, entryCommitment, c.dueDay);
    }

    function _enter(CaseView storage c, State state) private {
        c.state = state;
        c.changedAt = uint64(block.timestamp);
    }

    /// @dev Late is late, also when nobody has marked it before.
    function _countIfLate(uint256 caseId, CaseView storage c) private {
        uint32 dueDay = c.dueDay;
        if (CivilDays.today() <= dueDay || _countedDueDay[caseId] == dueDay) return;
        _countedDueDay[caseId] = dueDay;
        c.overdue = true;
        emit CaseOverdue(caseId, c.registerId, dueDay, ++overdueCount[c.registerId]);
    }
}
