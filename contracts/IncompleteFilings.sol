// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {IIncompleteFilings} from "./interfaces/IIncompleteFilings.sol";
import {IWorkingCalendar} from "./interfaces/IWorkingCalendar.sol";
import {CivilDays} from "./lib/CivilDays.sol";
import {Signatures} from "./lib/Signatures.sol";
import {Names} from "./Names.sol";

/// @title Incomplete filings
/// @notice See {IIncompleteFilings}.
contract IncompleteFilings is IIncompleteFilings, EIP712 {
    /// @notice Working days within which the missing documents must come.
    uint16 public constant SUPPLY_WORKING_DAYS = 7;
    /// @notice EIP-712 type of an applicant's promise.
    bytes32 public constant PROMISE_TYPEHASH = keccak256(
        "FilingPromise(uint256 authority,bytes32 promiseHash)"
    );

    /// @notice Who the members are and which calendar is in force.
    IConsortium public immutable consortium;

    /// @inheritdoc IIncompleteFilings
    uint256 public filingCount;
    mapping(uint256 filingId => FilingView) private _filings;
    mapping(address applicant => uint256 filingId) private _ofApplicant;

    /// @notice Binds the filings to a consortium.
    /// @param consortium_ The consortium.
    constructor(IConsortium consortium_) EIP712("CreditLedger", "1") {
        consortium = consortium_;
    }

    /// @inheritdoc IIncompleteFilings
    function accept(
        bytes32 promiseHash,
        address applicant,
        bytes calldata applicantSignature
    ) external returns (uint256 filingId) {
        _requireInForce();
        uint256 authority = consortium.requireOperator(msg.sender);
        (IConsortium.Role role, ) = consortium.roleAndRegion(authority);
        if (role != IConsortium.Role.Authority) revert NotAnAuthority(authority);
        if (promiseHash == bytes32(0)) revert InvalidHash("promiseHash");
        _requireApplicant(applicant);
        bytes32 digest = promiseDigest(authority, promiseHash);
        address signer = Signatures.signerOf(digest, applicantSignature);
        if (!Signatures.isBy(signer, applicant)) {
            revert WrongApplicantSignature(signer, applicant);
        }

        uint32 acceptedDay = CivilDays.today();
        uint32 dueDay = _calendar().dueDay(acceptedDay, SUPPLY_WORKING_DAYS);
        filingId = ++filingCount;
        _ofApplicant[applicant] = filingId;
        _filings[filingId] = FilingView({
            state: State.Accepted,
            authority: authority,
            applicant: applicant,
            promiseHash: promiseHash,
            acceptedDay: acceptedDay,
            dueDay: dueDay,
            suppliedDay: 0,
            entryCommitment: bytes32(0)
        });
        emit FilingAccepted(filingId, authority, promiseHash, applicant, acceptedDay, dueDay);
    }

    /// @inheritdoc IIncompleteFilings
    function supply(uint256 filingId, bytes32 documentsHash) external {
        FilingView storage f = _ownFiling(filingId);
        if (f.state != State.Accepted && f.state != State.Overdue) revert WrongState(filingId, f.state);
        if (documentsHash == bytes32(0)) revert InvalidHash("documentsHash");
        uint32 today = CivilDays.today();
        // Late is late, also when nobody has marked it before.
        bool late = today > f.dueDay;
        f.state = late ? State.SuppliedLate : State.Supplied;
        f.suppliedDay = today;
        emit FilingSupplied(filingId, f.authority, documentsHash, today, late);
    }

    /// @inheritdoc IIncompleteFilings
    function markOverdue(uint256 filingId) external {
        _requireInForce();
        FilingView storage f = _known(filingId);
        if (f.state != State.Accepted) revert WrongState(filingId, f.state);
        uint32 today = CivilDays.today();
        if (today <= f.dueDay) revert NotYetOverdue(filingId, f.dueDay, today);
        f.state = State.Overdue;
        emit FilingOverdue(filingId, f.authority, f.dueDay);
    }

    /// @inheritdoc IIncompleteFilings
    function record(uint256 filingId, bytes32 entryCommitment) external {
        FilingView storage f = _ownFiling(filingId);
        if (f.state != State.Overdue && f.state != State.SuppliedLate) revert WrongState(filingId, f.state);
        if (f.entryCommitment != bytes32(0)) revert EntryKnown(filingId);
        if (entryCommitment == bytes32(0)) revert InvalidHash("entryCommitment");
        f.entryCommitment = entryCommitment;
        emit FilingRecorded(filingId, f.authority, entryCommitment);
    }

    /// @inheritdoc IIncompleteFilings
    function filing(uint256 filingId) external view returns (FilingView memory) {
        return _filings[filingId];
    }

    /// @inheritdoc IIncompleteFilings
    function promiseDigest(uint256 authority, bytes32 promiseHash) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(PROMISE_TYPEHASH, authority, promiseHash)));
    }

    function _requireInForce() private view {
        address inForce = consortium.contractInForce(Names.INCOMPLETE_FILINGS);
        if (inForce != address(this)) revert NotInForce(Names.INCOMPLETE_FILINGS, inForce);
    }

    function _known(uint256 filingId) private view returns (FilingView storage f) {
        f = _filings[filingId];
        if (f.state == State.None) revert UnknownFiling(filingId);
    }

    /// @dev The caller acts for the active authority that accepted the filing, and this contract is in force.
    function _ownFiling(uint256 filingId) private view returns (FilingView storage f) {
        _requireInForce();
        uint256 memberId = consortium.requireOperator(msg.sender);
        f = _known(filingId);
        if (f.authority != memberId) revert NotFilingAuthority(filingId, memberId);
    }

    /// @dev A member's key is nobody's applicant: an agency would be promising to itself.
    function _requireApplicant(address applicant) private view {
        bool ofMember =
            consortium.memberOfOperator(applicant) != 0 || consortium.memberOfWitness(applicant) != 0;
        if (applicant == address(0) || ofMember) revert InvalidApplicant();
        uint256 used = _ofApplicant[applicant];
        if (used != 0) revert ApplicantKeyUsed(applicant, used);
    }

    function _calendar() private view returns (IWorkingCalendar) {
        address calendar = consortium.contractInForce(Names.WORKING_CALENDAR);
        if (calendar == address(0)) revert NotInForce(Names.WORKING_CALENDAR, calendar);
        return IWorkingCalendar(calendar);
    }
}
