// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Cases: disputes (异议) and repairs (信用修复)
/// @notice What a case is about travels between the members' nodes only; on chain are the source's register, a hash over
/// a salted document, who did what and when, and the due days. Deciding a dispute is the source's alone; a repair is
/// decided by the source or its superior. The decision ends in an entry of the register, linked by a salted hash.
///
/// Dispute: Filed → Received → Upheld | Corrected | Revoked. Repair: Filed → Received → Denied | Granted → CarriedOut.
/// Aside, before the decision: Dismissed (with a code), Withdrawn (by who filed).
interface ICreditCases {
    enum CaseType {
        None,
        Dispute,
        Repair
    }

    enum State {
        None,
        Filed,
        Received,
        /// The record stands (异议不成立).
        Upheld,
        /// The record was revoked and replaced in one batch (更正).
        Corrected,
        /// The record was revoked (撤销).
        Revoked,
        Denied,
        /// Granted; the source has not anchored the entry yet.
        Granted,
        CarriedOut,
        Dismissed,
        Withdrawn
    }

    /// @notice Working days that the rules give.
    struct Rules {
        uint16 disputeDays;
        uint16 repairDays;
        /// For the source to carry out a repair that was granted.
        uint16 carryOutDays;
    }

    /// @notice A case as it stands now.
    struct CaseView {
        CaseType caseType;
        State state;
        /// The source's register, and the member that owns it.
        uint256 registerId;
        uint256 source;
        /// The member that filed it, for itself or for the subject.
        uint256 filedBy;
        bytes32 documentHash;
        uint32 filedDay;
        /// Last day for the decision; after `Granted`, for carrying it out.
        uint32 dueDay;
        /// Whether a due day passed before what it was for.
        bool overdue;
        /// Why it was dismissed; 0 when it was not.
        uint16 dismissalCode;
        /// The member that decided; 0 before.
        uint256 decidedBy;
        bytes32 decisionHash;
        /// Salted hash of the entry that follows; zero for none.
        bytes32 entryCommitment;
        uint64 changedAt;
    }

    event RulesSet(uint16 disputeDays, uint16 repairDays, uint16 carryOutDays);
    event SuperiorSet(uint256 indexed memberId, uint256 indexed superior);
    event CaseFiled(
        uint256 indexed caseId,
        uint256 indexed registerId,
        uint256 indexed filedBy,
        CaseType caseType,
        bytes32 documentHash,
        uint32 filedDay,
        uint32 dueDay
    );
    event CaseReceived(uint256 indexed caseId, uint256 indexed registerId);
    /// @dev `CarriedOut` when the source grants a repair: no `CaseCarriedOut` follows then.
    event CaseDecided(
        uint256 indexed caseId,
        uint256 indexed registerId,
        uint256 indexed decidedBy,
        State state,
        bytes32 decisionHash,
        bytes32 entryCommitment,
        uint32 dueDay
    );
    event CaseCarriedOut(uint256 indexed caseId, uint256 indexed registerId, bytes32 entryCommitment);
    event CaseDismissed(uint256 indexed caseId, uint256 indexed registerId, uint16 code);
    event CaseWithdrawn(uint256 indexed caseId, uint256 indexed registerId);
    event CaseOverdue(uint256 indexed caseId, uint256 indexed registerId, uint32 dueDay, uint64 overdueCount);

    error NotCouncil(address caller);
    error NotInForce(bytes32 name, address inForce);
    error InvalidRules();
    error InvalidSuperior(uint256 memberId, uint256 superior);
    error UnknownRegister(uint256 registerId);
    error InvalidCaseType();
    error InvalidHash(string field);
    error DocumentFiled(bytes32 documentHash, uint256 caseId);
    error UnknownCase(uint256 caseId);
    error NotSource(uint256 caseId, uint256 memberId);
    error NotSourceOrSuperior(uint256 caseId, uint256 memberId);
    error NotFiler(uint256 caseId, uint256 memberId);
    error WrongState(uint256 caseId, State state);
    error WrongCaseType(uint256 caseId, CaseType caseType);
    error InvalidDecision(State state);
    error EntryMissing(uint256 caseId);
    /// @dev Only the source can anchor, so only it names the entry.
    error EntryNotExpected(uint256 caseId);
    error UnknownDismissalCode(uint16 code);
    error NotYetOverdue(uint256 caseId, uint32 dueDay, uint32 today);
    error AlreadyOverdue(uint256 caseId);

    /// @notice Sets the working days for cases to come: each 1 to 250. Council only.
    /// @param rules_ The rules.
    function setRules(Rules calldata rules_) external;

    /// @notice Names the member that may decide a member's repairs in its place; 0 for nobody. Council only.
    /// @param memberId The member.
    /// @param superior Another authority.
    function setSuperior(uint256 memberId, uint256 superior) external;

    /// @notice Files a case. Operator key of an active member; `InvalidRules` before the council has set rules.
    /// @param caseType Dispute or repair.
    /// @param registerId The source's register.
    /// @param documentHash Hash of the salted document; a member files each once.
    /// @return caseId Counted from 1.
    function file(
        CaseType caseType,
        uint256 registerId,
        bytes32 documentHash
    ) external returns (uint256 caseId);

    /// @notice The source has the document. Operator key of the register's owner; from Filed.
    /// @param caseId The case.
    function acknowledge(uint256 caseId) external;

    /// @notice Decides a dispute. Operator key of the register's owner; from Received.
    /// @param caseId The case.
    /// @param state `Upheld`, `Corrected` or `Revoked`.
    /// @param decisionHash Salted hash of the decision.
    /// @param entryCommitment keccak256(abi.encode(salt, registerId, body)) of the entry that settles, revokes or
    /// replaces.
    function decideDispute(
        uint256 caseId,
        State state,
        bytes32 decisionHash,
        bytes32 entryCommitment
    ) external;

    /// @notice Decides a repair. Operator key of the register's owner or of its superior; from Received.
    /// @param caseId The case.
    /// @param granted Whether it is granted.
    /// @param decisionHash Salted hash of the decision.
    /// @param entryCommitment Of the REPAIR entry, by the owner when it grants: the repair is carried out at once. Zero
    /// otherwise; what a superior grants, the owner carries out.
    function decideRepair(
        uint256 caseId,
        bool granted,
        bytes32 decisionHash,
        bytes32 entryCommitment
    ) external;

    /// @notice The source made the entry of a repair that its superior granted. Operator key of the register's owner.
    /// @param caseId The case.
    /// @param entryCommitment Of the REPAIR entry.
    function carryOut(uint256 caseId, bytes32 entryCommitment) external;

    /// @notice Dismisses what cannot be decided. Operator key of the register's owner; from Filed or Received.
    /// @param caseId The case.
    /// @param code 1 ENTRY_UNKNOWN, 2 NOT_THE_SUBJECTS, 3 NOT_DELIVERED, 4 MALFORMED, 5 ALREADY_OPEN, 6 NOT_REPAIRABLE,
    /// 7 TOO_EARLY, 8 CONDITIONS_NOT_MET; 6 to 8 for repairs only.
    function dismiss(uint256 caseId, uint16 code) external;

    /// @notice Takes a case back. Operator key of the member that filed it; from Filed or Received.
    /// @param caseId The case.
    function withdraw(uint256 caseId) external;

    /// @notice Counts a case whose due day has passed. Anyone, once for each due day.
    /// @param caseId The case.
    function markOverdue(uint256 caseId) external;

    /// @notice The rules for cases to come.
    function rules() external view returns (Rules memory);

    /// @notice Who may decide a member's repairs in its place; 0 for nobody.
    /// @param memberId The member.
    function superiorOf(uint256 memberId) external view returns (uint256 superior);

    /// @notice A case; type `None` when there is none.
    /// @param caseId The case.
    function caseOf(uint256 caseId) external view returns (CaseView memory);

    /// @notice How many cases there are.
    function caseCount() external view returns (uint256);

    /// @notice The case that a member filed with a document; 0 for none.
    /// @param filedBy The member.
    /// @param documentHash The document.
    function caseOfDocument(uint256 filedBy, bytes32 documentHash) external view returns (uint256 caseId);

    /// @notice Cases about a register that were not decided or carried out in time.
    /// @param registerId The register.
    function overdueCount(uint256 registerId) external view returns (uint64);
}
