// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Items to which commitment letters apply (告知承诺事项清单), and their templates
/// @notice Each item is owned by the authority that decides it, versioned and never edited in place. Titles and legal
/// bases are public; nothing here is about a subject.
interface ICommitmentItems {
    /// @notice Why letters of an item are published.
    enum PublicReason {
        None,
        PublicInterest,
        ThirdParties,
        HardToCheck
    }

    /// @notice What the owner says of an item.
    struct ItemInput {
        /// 1 to 256 bytes.
        string title;
        /// 1 to 512 bytes.
        string legalBasis;
        /// The owner's statement; an item of which one of these is true cannot be listed.
        bool touchesStateSecurity;
        bool touchesPublicSafety;
        bool touchesLifeOrHealth;
        /// Registers in which the applicant must be eligible: 1 to 8, rising.
        uint256[] registers;
        /// How old a claim may be when the promise is made, in seconds: one hour to 30 days.
        uint32 claimMaxAgeSeconds;
        /// Letters of this item are published when it is not `None`.
        PublicReason publicReason;
    }

    /// @notice A version of an item.
    struct ItemView {
        /// The deciding authority's member id; 0 when there is no such version.
        uint256 owner;
        uint32 version;
        bool inForce;
        string title;
        string legalBasis;
        uint256[] registers;
        uint32 claimMaxAgeSeconds;
        PublicReason publicReason;
        uint64 publishedAt;
    }

    /// @notice A template of a letter. Each value is the hash of a text: the seven things to tell (事项名称, 设定依据,
    /// 证明用途, 承诺方式, 不实承诺的责任, 核查权力, 是否公开及范围时限) and the four to confirm (已知晓告知事项, 符合条件,
    /// 愿意承担责任, 意思表示真实).
    struct TemplateView {
        /// Zero when there is no such template.
        bytes32 itemId;
        bytes32[7] told;
        bytes32[4] confirmed;
    }

    event EligibilitySet(bytes32 applicationId, bytes32 predicateHash);
    event ItemPublished(
        bytes32 indexed itemId,
        uint256 indexed owner,
        uint32 indexed version,
        string slug,
        string title,
        string legalBasis,
        uint256[] registers,
        uint32 claimMaxAgeSeconds,
        PublicReason publicReason
    );
    event ItemWithdrawn(bytes32 indexed itemId, uint256 indexed owner, uint32 version);
    event TemplatePublished(
        bytes32 indexed templateId,
        bytes32 indexed itemId,
        bytes32[7] told,
        bytes32[4] confirmed
    );

    error NotCouncil(address caller);
    error InvalidEligibility();
    error NotAnAuthority(uint256 memberId);
    error NotItemOwner(bytes32 itemId, uint256 memberId);
    error InvalidText(string field, uint256 length);
    /// @dev 1 state security, 2 public safety, 3 life and health.
    error ItemExcluded(uint8 touches);
    error InvalidRegisters();
    error UnknownRegister(uint256 registerId);
    error InvalidClaimAge(uint32 claimMaxAgeSeconds);
    error UnknownItem(bytes32 itemId);
    error ItemNotInForce(bytes32 itemId);
    error TemplateIncomplete(uint256 index);
    error TemplateKnown(bytes32 templateId);

    /// @notice Which predicate shows that an applicant may promise: no serious adverse record in force and no
    /// unrepaired broken commitment. One rule for all items, so that no authority can ask for less. Council only.
    /// @param applicationId An application in force.
    /// @param predicateHash A predicate of its version in force.
    function setEligibility(bytes32 applicationId, bytes32 predicateHash) external;

    /// @notice What `setEligibility` set last; zero before.
    function eligibility() external view returns (bytes32 applicationId, bytes32 predicateHash);

    /// @notice Publishes a version of an item. Operator key of an active authority, which owns it.
    /// @param slug The owner's own short name, 1 to 64 bytes.
    /// @param input The item.
    /// @return itemId keccak256(abi.encode(owner, keccak256(slug))).
    /// @return version 1, 2, …
    function publishItem(
        string calldata slug,
        ItemInput calldata input
    ) external returns (bytes32 itemId, uint32 version);

    /// @notice Takes an item out of force; letters that were offered go on. Operator key of its owner.
    /// @param itemId The item.
    function withdrawItem(bytes32 itemId) external;

    /// @notice Publishes a template of an item in force. All seven and all four are needed: an incomplete one cannot be
    /// offered. Operator key of the item's owner.
    /// @param itemId The item.
    /// @param told Hashes of the seven things to tell.
    /// @param confirmed Hashes of the four to confirm.
    /// @return templateId keccak256(abi.encode(itemId, told, confirmed)).
    function publishTemplate(
        bytes32 itemId,
        bytes32[7] calldata told,
        bytes32[4] calldata confirmed
    ) external returns (bytes32 templateId);

    /// @notice A version of an item.
    /// @param itemId The item.
    /// @param version The version.
    function itemAt(bytes32 itemId, uint32 version) external view returns (ItemView memory);

    /// @notice The version in force; 0 when there is none.
    /// @param itemId The item.
    function versionInForce(bytes32 itemId) external view returns (uint32 version);

    /// @notice A template.
    /// @param templateId The template.
    function template(bytes32 templateId) external view returns (TemplateView memory);

    /// @notice The id of an owner's item.
    /// @param owner The authority.
    /// @param slug Its short name.
    function itemIdOf(uint256 owner, string calldata slug) external pure returns (bytes32 itemId);
}
