// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Incomplete filings (容缺受理)
/// @notice A filing that lacks documents is accepted against a written promise to supply them within seven working
/// days; the due day is computed here. What comes late is late, whether anybody marked it or not.
interface IIncompleteFilings {
    enum State {
        None,
        Accepted,
        Supplied,
        /// The due day has passed and the documents have not come.
        Overdue,
        SuppliedLate
    }

    /// @notice A filing as it stands now.
    struct FilingView {
        State state;
        uint256 authority;
        address applicant;
        bytes32 promiseHash;
        uint32 acceptedDay;
        uint32 dueDay;
        /// 0 while nothing came.
        uint32 suppliedDay;
        /// Salted hash of the register entry that records the lateness; zero while there is none.
        bytes32 entryCommitment;
    }

    event FilingAccepted(
        uint256 indexed filingId,
        uint256 indexed authority,
        bytes32 promiseHash,
        address applicant,
        uint32 acceptedDay,
        uint32 dueDay
    );
    event FilingSupplied(
        uint256 indexed filingId,
        uint256 indexed authority,
        bytes32 documentsHash,
        uint32 day,
        bool late
    );
    event FilingOverdue(uint256 indexed filingId, uint256 indexed authority, uint32 dueDay);
    event FilingRecorded(uint256 indexed filingId, uint256 indexed authority, bytes32 entryCommitment);

    error NotInForce(bytes32 name, address inForce);
    error NotAnAuthority(uint256 memberId);
    error UnknownFiling(uint256 filingId);
    error NotFilingAuthority(uint256 filingId, uint256 memberId);
    error WrongState(uint256 filingId, State state);
    error InvalidHash(string field);
    error InvalidApplicant();
    error ApplicantKeyUsed(address applicant, uint256 filingId);
    error WrongApplicantSignature(address signer, address applicant);
    error NotYetOverdue(uint256 filingId, uint32 dueDay, uint32 today);
    error EntryKnown(uint256 filingId);

    /// @notice Accepts a filing. Operator key of an active authority. Refused (`DayNotCovered`) when the calendar does
    /// not reach to the due day.
    /// @param promiseHash Salted hash of the written promise and of the list of what is missing.
    /// @param applicant The applicant's key for this filing alone.
    /// @param applicantSignature EIP-712 `FilingPromise(uint256 authority,bytes32 promiseHash)` by that key.
    /// @return filingId Counted from 1.
    function accept(
        bytes32 promiseHash,
        address applicant,
        bytes calldata applicantSignature
    ) external returns (uint256 filingId);

    /// @notice The missing documents came. Operator key of the accepting authority; from Accepted or Overdue.
    /// @param filingId The filing.
    /// @param documentsHash Salted hash of what came.
    function supply(uint256 filingId, bytes32 documentsHash) external;

    /// @notice Marks a filing whose due day has passed. Anyone, once.
    /// @param filingId The filing.
    function markOverdue(uint256 filingId) external;

    /// @notice Links the register entry that records the lateness. Operator key of the accepting authority; once; from
    /// Overdue or SuppliedLate.
    /// @param filingId The filing.
    /// @param entryCommitment keccak256(abi.encode(salt, registerId, body)).
    function record(uint256 filingId, bytes32 entryCommitment) external;

    /// @notice A filing; state `None` when there is none.
    /// @param filingId The filing.
    function filing(uint256 filingId) external view returns (FilingView memory);

    /// @notice How many filings there are.
    function filingCount() external view returns (uint256);

    /// @notice EIP-712 digest of an applicant's promise.
    /// @param authority The accepting authority.
    /// @param promiseHash The promise.
    function promiseDigest(uint256 authority, bytes32 promiseHash) external view returns (bytes32);
}
