// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IApplicationList} from "./interfaces/IApplicationList.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {Field} from "./lib/Field.sol";

/// @title The application list
/// @notice See {IApplicationList}.
contract ApplicationList is IApplicationList {
    struct Version {
        string title;
        bytes32 legalBasisHash;
        Gateway gateway;
        bool historicalDays;
        mapping(bytes32 predicateHash => Listing) predicates;
    }

    struct Listing {
        uint8 class;
        bytes32[] circuits;
    }

    uint256 private constant MAX_TITLE_BYTES = 256;
    uint256 private constant MAX_CLASS = 3;
    /// @dev A clause is 178 bits: kinds 64, domains 16, minSeverity 4, maxAgeDays 20, status 2, aggregate 1,
    /// comparison 1, threshold 70.
    uint256 private constant CLAUSE_BITS = 178;
    uint256 private constant STATUS_SHIFT = 64 + 16 + 4 + 20;

    /// @notice Whose council decides.
    IConsortium public immutable consortium;

    /// @inheritdoc IApplicationList
    bytes32 public listHash;
    mapping(bytes32 applicationId => uint32) private _latest;
    mapping(bytes32 applicationId => bool) private _withdrawn;
    mapping(bytes32 applicationId => mapping(uint32 version => Version)) private _versions;

    modifier onlyCouncil() {
        if (msg.sender != address(consortium)) revert NotCouncil(msg.sender);
        _;
    }

    /// @notice Binds the list to a consortium.
    /// @param consortium_ The consortium.
    constructor(IConsortium consortium_) {
        consortium = consortium_;
    }

    /// @inheritdoc IApplicationList
    function publish(
        bytes32 applicationId,
        string calldata title,
        bytes32 legalBasisHash,
        Gateway gateway,
        bool historicalDays,
        PredicateInput[] calldata predicates
    ) external onlyCouncil returns (uint32 version) {
        if (applicationId == bytes32(0)) revert InvalidApplicationId();
        if (bytes(title).length == 0 || bytes(title).length > MAX_TITLE_BYTES)
            revert InvalidTitle(bytes(title).length);
        if (legalBasisHash == bytes32(0)) revert InvalidLegalBasis();
        if (predicates.length == 0) revert NoPredicates();

        version = ++_latest[applicationId];
        _withdrawn[applicationId] = false;
        Version storage v = _versions[applicationId][version];
        v.title = title;
        v.legalBasisHash = legalBasisHash;
        v.gateway = gateway;
        v.historicalDays = historicalDays;
        for (uint256 i = 0; i < predicates.length; ++i) _list(v, predicates[i], i);

        emit ApplicationPublished(
            applicationId,
            version,
            title,
            legalBasisHash,
            gateway,
            historicalDays,
            predicates
        );
        _roll(
            keccak256(
                abi.encode(applicationId, version, title, legalBasisHash, gateway, historicalDays, predicates)
            )
        );
    }

    /// @inheritdoc IApplicationList
    function withdraw(bytes32 applicationId) external onlyCouncil {
        uint32 version = _inForce(applicationId);
        if (version == 0) revert ApplicationNotInForce(applicationId);
        _withdrawn[applicationId] = true;
        emit ApplicationWithdrawn(applicationId, version);
        _roll(keccak256(abi.encode("withdrawn", applicationId, version)));
    }

    /// @inheritdoc IApplicationList
    function application(bytes32 applicationId) external view returns (ApplicationView memory) {
        return applicationAt(applicationId, _latest[applicationId]);
    }

    /// @inheritdoc IApplicationList
    function applicationAt(
        bytes32 applicationId,
        uint32 version
    ) public view returns (ApplicationView memory applicationView) {
        if (version == 0 || version > _latest[applicationId]) return applicationView;
        Version storage v = _versions[applicationId][version];
        return
            ApplicationView({
                version: version,
                title: v.title,
                legalBasisHash: v.legalBasisHash,
                gateway: v.gateway,
                historicalDays: v.historicalDays,
                inForce: version == _inForce(applicationId)
            });
    }

    /// @inheritdoc IApplicationList
    function terms(
        bytes32 applicationId
    ) external view returns (uint32 version, Gateway gateway, bool historicalDays) {
        version = _inForce(applicationId);
        if (version == 0) return (0, Gateway.GovernmentSharing, false);
        Version storage v = _versions[applicationId][version];
        return (version, v.gateway, v.historicalDays);
    }

    /// @inheritdoc IApplicationList
    function predicate(
        bytes32 applicationId,
        uint32 version,
        bytes32 predicateHash
    ) external view returns (bool listed, uint8 class, bytes32[] memory circuits) {
        Listing storage listing = _versions[applicationId][version].predicates[predicateHash];
        return (listing.class != 0, listing.class, listing.circuits);
    }

    /// @inheritdoc IApplicationList
    function allowed(
        bytes32 applicationId,
        uint32 version,
        bytes32 predicateHash,
        bytes32 circuitId
    ) external view returns (uint8 class, bool circuitAllowed) {
        Listing storage listing = _versions[applicationId][version].predicates[predicateHash];
        class = listing.class;
        for (uint256 i = 0; i < listing.circuits.length; ++i)
            if (listing.circuits[i] == circuitId) return (class, true);
    }

    function _inForce(bytes32 applicationId) private view returns (uint32) {
        return _withdrawn[applicationId] ? 0 : _latest[applicationId];
    }

    /// @dev The hash cannot be recomputed here (no Poseidon on chain); everybody can, from the event.
    function _list(Version storage v, PredicateInput calldata input, uint256 index) private {
        bytes32 hash = input.predicateHash;
        // A first clause of 0 would hold for everybody: an application that always says YES.
        bool valid =
            hash != bytes32(0) &&
                uint256(hash) < Field.MODULUS &&
                input.class != 0 &&
                input.class <= MAX_CLASS &&
                input.clause0 != 0 &&
                _clauseValid(input.clause0) &&
                _clauseValid(input.clause1);
        if (!valid) revert InvalidPredicate(index, hash);
        Listing storage listing = v.predicates[hash];
        if (listing.class != 0) revert PredicateListedTwice(hash);
        listing.class = input.class;
        if (input.circuits.length == 0) revert NoCircuits(hash);
        for (uint256 i = 0; i < input.circuits.length; ++i) {
            bytes32 circuitId = input.circuits[i];
            if (!consortium.circuitInForce(circuitId)) revert CircuitNotInForce(circuitId);
            listing.circuits.push(circuitId);
        }
    }

    function _clauseValid(uint256 clause) private pure returns (bool) {
        return clause >> CLAUSE_BITS == 0 && (clause >> STATUS_SHIFT) & 3 != 3;
    }

    function _roll(bytes32 publication) private {
        listHash = keccak256(abi.encode(listHash, publication));
        emit ListChanged(listHash);
    }
}
