// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Voluntary pledges (自律性信用承诺), published through associations
/// @notice A pledge is public by purpose and no tool of approval. Others may attach observations, which are theirs and
/// no findings.
interface IVoluntaryPledges {
    enum Kind {
        None,
        /// 综合
        Comprehensive,
        /// 产品服务质量专项
        ProductQuality
    }

    /// @notice A pledge as it stands now.
    struct PledgeView {
        /// The association; 0 when there is no such pledge.
        uint256 association;
        Kind kind;
        address pledger;
        bytes32 documentHash;
        bytes32 scopeHash;
        /// Last day of publication.
        uint32 publicUntil;
        uint64 publishedAt;
        /// 0 while it is not withdrawn.
        uint64 withdrawnAt;
        uint32 observations;
    }

    event PledgePublished(
        uint256 indexed pledgeId,
        uint256 indexed association,
        Kind kind,
        address pledger,
        bytes32 documentHash,
        bytes32 scopeHash,
        uint32 publicUntil
    );
    event PledgeWithdrawn(uint256 indexed pledgeId, uint256 indexed association);
    event PledgeObserved(uint256 indexed pledgeId, uint256 indexed observer, bytes32 observationHash);

    error NotAnAssociation(uint256 memberId);
    error InvalidKind();
    error InvalidHash(string field);
    error InvalidPublicUntil(uint32 publicUntil, uint32 today);
    error WrongPledgerSignature(address signer, address pledger);
    error PledgeKnown(bytes32 documentHash, uint256 pledgeId);
    error UnknownPledge(uint256 pledgeId);
    error PledgeIsWithdrawn(uint256 pledgeId, uint64 withdrawnAt);
    error OwnPledge(uint256 pledgeId, uint256 memberId);
    error ObservationKnown(uint256 pledgeId, uint256 observer, bytes32 observationHash);

    /// @notice Publishes a pledge. Operator key of an active association.
    /// @param kind What it is about.
    /// @param pledger The pledging company's key.
    /// @param documentHash Hash of the salted document; an association publishes each once.
    /// @param scopeHash Hash of the scope in which it is published.
    /// @param publicUntil Last day of publication: today or later.
    /// @param signature EIP-712 `Pledge(uint256 association,uint8 kind,bytes32 documentHash,bytes32 scopeHash,uint32
    /// publicUntil)` by the pledger's key.
    /// @return pledgeId Counted from 1.
    function publish(
        Kind kind,
        address pledger,
        bytes32 documentHash,
        bytes32 scopeHash,
        uint32 publicUntil,
        bytes calldata signature
    ) external returns (uint256 pledgeId);

    /// @notice The pledger takes its pledge back. Relayed by anyone.
    /// @param pledgeId The pledge.
    /// @param signature EIP-712 `PledgeWithdrawal(uint256 pledgeId)` by the pledger's key.
    function withdraw(uint256 pledgeId, bytes calldata signature) external;

    /// @notice Attaches an observation. Operator key of any active member but the association itself. Also after the last
    /// day of publication, but not to a pledge that was withdrawn.
    /// @param pledgeId The pledge.
    /// @param observationHash Salted hash of the observation; a member attaches each once.
    function observe(uint256 pledgeId, bytes32 observationHash) external;

    /// @notice A pledge.
    /// @param pledgeId The pledge.
    function pledge(uint256 pledgeId) external view returns (PledgeView memory);

    /// @notice How many pledges there are.
    function pledgeCount() external view returns (uint256);
}
