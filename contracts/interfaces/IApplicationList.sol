// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title The application list (应用清单): what may be asked, for what purpose
/// @notice Applications, versioned and never edited in place, with the predicates that each may ask and the circuits
/// that may answer them. The preimages of the predicates are in the events. What is not listed cannot be asked.
interface IApplicationList {
    /// @notice On what footing an application asks.
    enum Gateway {
        GovernmentSharing,
        SubjectConsent,
        Public
    }

    /// @notice A predicate with its preimage.
    struct PredicateInput {
        /// H4(4, class, clause0, clause1).
        bytes32 predicateHash;
        /// Ledger class: 1 adverse, 2 permit, 3 positive.
        uint8 class;
        uint256 clause0;
        /// 0 when there is no second clause.
        uint256 clause1;
        /// Circuits that may answer it; one size only where the length of a chain must not show.
        bytes32[] circuits;
    }

    /// @notice A version of an application.
    struct ApplicationView {
        /// 0 when there is no such application.
        uint32 version;
        string title;
        bytes32 legalBasisHash;
        Gateway gateway;
        /// Whether days other than today may be asked about.
        bool historicalDays;
        /// Whether this is the version in force.
        bool inForce;
    }

    event ApplicationPublished(
        bytes32 indexed applicationId,
        uint32 indexed version,
        string title,
        bytes32 legalBasisHash,
        Gateway gateway,
        bool historicalDays,
        PredicateInput[] predicates
    );
    event ApplicationWithdrawn(bytes32 indexed applicationId, uint32 indexed version);
    /// @dev `listHash` = keccak256(abi.encode(previous, publication)), see `listHash()`.
    event ListChanged(bytes32 listHash);

    error NotCouncil(address caller);
    error InvalidApplicationId();
    error InvalidTitle(uint256 length);
    error InvalidLegalBasis();
    error NoPredicates();
    error InvalidPredicate(uint256 index, bytes32 predicateHash);
    error PredicateListedTwice(bytes32 predicateHash);
    error NoCircuits(bytes32 predicateHash);
    error CircuitNotInForce(bytes32 circuitId);
    error ApplicationNotInForce(bytes32 applicationId);

    /// @notice Publishes a version of an application; the one before is no longer in force. Council only.
    /// @param applicationId keccak256 of "application:" and its slug.
    /// @param title Its title, 1 to 256 bytes.
    /// @param legalBasisHash Hash of the legal basis.
    /// @param gateway On what footing it asks.
    /// @param historicalDays Whether days other than today may be asked about.
    /// @param predicates What it may ask, at least one.
    /// @return version 1, 2, …
    function publish(
        bytes32 applicationId,
        string calldata title,
        bytes32 legalBasisHash,
        Gateway gateway,
        bool historicalDays,
        PredicateInput[] calldata predicates
    ) external returns (uint32 version);

    /// @notice Takes an application out of force; it may be published again as a further version. Council only.
    /// @param applicationId The application.
    function withdraw(bytes32 applicationId) external;

    /// @notice The latest version of an application.
    /// @param applicationId The application.
    function application(bytes32 applicationId) external view returns (ApplicationView memory);

    /// @notice A version of an application.
    /// @param applicationId The application.
    /// @param version The version.
    function applicationAt(
        bytes32 applicationId,
        uint32 version
    ) external view returns (ApplicationView memory);

    /// @notice What the answer log needs of an application; (0, GovernmentSharing, false) when none is in force.
    /// @param applicationId The application.
    function terms(
        bytes32 applicationId
    ) external view returns (uint32 version, Gateway gateway, bool historicalDays);

    /// @notice A predicate of a version of an application.
    /// @param applicationId The application.
    /// @param version The version.
    /// @param predicateHash The predicate.
    function predicate(
        bytes32 applicationId,
        uint32 version,
        bytes32 predicateHash
    ) external view returns (bool listed, uint8 class, bytes32[] memory circuits);

    /// @notice The class of a predicate when a version lists it for a circuit, else 0.
    /// @param applicationId The application.
    /// @param version The version.
    /// @param predicateHash The predicate.
    /// @param circuitId The circuit.
    /// @return class 0 when the predicate is not listed.
    /// @return circuitAllowed Whether the circuit may answer it.
    function allowed(
        bytes32 applicationId,
        uint32 version,
        bytes32 predicateHash,
        bytes32 circuitId
    ) external view returns (uint8 class, bool circuitAllowed);

    /// @notice Rolling hash over all publications and withdrawals, for checkpoints; zero while the list is empty.
    /// @dev Publication: keccak256(abi.encode(previous, keccak256(abi.encode(applicationId, version, title,
    /// legalBasisHash, gateway, historicalDays, predicates)))). Withdrawal: keccak256(abi.encode(previous,
    /// keccak256(abi.encode("withdrawn", applicationId, version)))).
    function listHash() external view returns (bytes32);
}
