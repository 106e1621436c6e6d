// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IApplicationList} from "./interfaces/IApplicationList.sol";
import {ICommitmentItems} from "./interfaces/ICommitmentItems.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {ICreditRegisters} from "./interfaces/ICreditRegisters.sol";
import {Names} from "./Names.sol";

/// @title Items to which commitment letters apply
/// @notice See {ICommitmentItems}.
contract CommitmentItems is ICommitmentItems {
    struct Version {
        string title;
        string legalBasis;
        uint256[] registers;
        uint32 claimMaxAgeSeconds;
        PublicReason publicReason;
        uint64 publishedAt;
    }

    struct Item {
        uint256 owner;
        uint32 latest;
        bool withdrawn;
        mapping(uint32 version => Version) versions;
    }

    uint8 private constant STATE_SECURITY = 1;
    uint8 private constant PUBLIC_SAFETY = 2;
    uint8 private constant LIFE_OR_HEALTH = 3;
    uint256 private constant MAX_SLUG_BYTES = 64;
    uint256 private constant MAX_TITLE_BYTES = 256;
    uint256 private constant MAX_LEGAL_BASIS_BYTES = 512;
    uint256 private constant MAX_REGISTERS = 8;
    uint32 private constant MIN_CLAIM_AGE = 1 hours;
    uint32 private constant MAX_CLAIM_AGE = 30 days;

    /// @notice Who the members are and what is in force.
    IConsortium public immutable consortium;

    bytes32 private _applicationId;
    bytes32 private _predicateHash;
    mapping(bytes32 itemId => Item) private _items;
    mapping(bytes32 templateId => TemplateView) private _templates;

    /// @notice Binds the items to a consortium.
    /// @param consortium_ The consortium.
    constructor(IConsortium consortium_) {
        consortium = consortium_;
    }

    /// @inheritdoc ICommitmentItems
    function setEligibility(bytes32 applicationId, bytes32 predicateHash) external {
        if (msg.sender != address(consortium)) revert NotCouncil(msg.sender);
        // What is not listed cannot be asked: no letter could ever be promised.
        if (!_listed(applicationId, predicateHash)) revert InvalidEligibility();
        (_applicationId, _predicateHash) = (applicationId, predicateHash);
        emit EligibilitySet(applicationId, predicateHash);
    }

    /// @inheritdoc ICommitmentItems
    function publishItem(
        string calldata slug,
        ItemInput calldata input
    ) external returns (bytes32 itemId, uint32 version) {
        uint256 owner = consortium.requireOperator(msg.sender);
        (IConsortium.Role role, ) = consortium.roleAndRegion(owner);
        if (role != IConsortium.Role.Authority) revert NotAnAuthority(owner);
        _requireText("slug", bytes(slug).length, MAX_SLUG_BYTES);
        _requireText("title", bytes(input.title).length, MAX_TITLE_BYTES);
        _requireText("legalBasis", bytes(input.legalBasis).length, MAX_LEGAL_BASIS_BYTES);
        if (input.touchesStateSecurity) revert ItemExcluded(STATE_SECURITY);
        if (input.touchesPublicSafety) revert ItemExcluded(PUBLIC_SAFETY);
        if (input.touchesLifeOrHealth) revert ItemExcluded(LIFE_OR_HEALTH);
        _requireRegisters(input.registers);
        if (input.claimMaxAgeSeconds < MIN_CLAIM_AGE || input.claimMaxAgeSeconds > MAX_CLAIM_AGE) {
            revert InvalidClaimAge(input.claimMaxAgeSeconds);
        }

        itemId = itemIdOf(owner, slug);
        Item storage item = _items[itemId];
        version = ++item.latest;
        item.owner = owner;
        item.withdrawn = false;
        item.versions[version] = Version({
            title: input.title,
            legalBasis: input.legalBasis,
            registers: input.registers,
            claimMaxAgeSeconds: input.claimMaxAgeSeconds,
            publicReason: input.publicReason,
            publishedAt: uint64(block.timestamp)
        });
        emit ItemPublished(
            itemId,
            owner,
            version,
            slug,
            input.title,
            input.legalBasis,
            input.registers,
            input.claimMaxAgeSeconds,
            input.publicReason
        );
    }

    /// @inheritdoc ICommitmentItems
    function withdrawItem(bytes32 itemId) external {
        Item storage item = _ownItemInForce(itemId);
        item.withdrawn = true;
        emit ItemWithdrawn(itemId, item.owner, item.latest);
    }

    /// @inheritdoc ICommitmentItems
    function publishTemplate(
        bytes32 itemId,
        bytes32[7] calldata told,
        bytes32[4] calldata confirmed
    ) external returns (bytes32 templateId) {
        _ownItemInForce(itemId);
        for (uint256 i = 0; i < told.length; ++i) if (told[i] == bytes32(0)) revert TemplateIncomplete(i);
        for (uint256 i = 0; i < confirmed.length; ++i)
            if (confirmed[i] == bytes32(0)) revert TemplateIncomplete(told.length + i);
        templateId = keccak256(abi.encode(itemId, told, confirmed));
        if (_templates[templateId].itemId != bytes32(0)) revert TemplateKnown(templateId);
        _templates[templateId] = TemplateView({itemId: itemId, told: told, confirmed: confirmed});
        emit TemplatePublished(templateId, itemId, told, confirmed);
    }

    /// @inheritdoc ICommitmentItems
    function eligibility() external view returns (bytes32 applicationId, bytes32 predicateHash) {
        return (_applicationId, _predicateHash);
    }

    /// @inheritdoc ICommitmentItems
    function itemAt(bytes32 itemId, uint32 version) external view returns (ItemView memory itemView) {
        Item storage item = _items[itemId];
        if (version == 0 || version > item.latest) return itemView;
        Version storage v = item.versions[version];
        return
            ItemView({
                owner: item.owner,
                version: version,
                inForce: version == _inForce(item),
                title: v.title,
                legalBasis: v.legalBasis,
                registers: v.registers,
                claimMaxAgeSeconds: v.claimMaxAgeSeconds,
                publicReason: v.publicReason,
                publishedAt: v.publishedAt
            });
    }

    /// @inheritdoc ICommitmentItems
    function versionInForce(bytes32 itemId) external view returns (uint32 version) {
        return _inForce(_items[itemId]);
    }

    /// @inheritdoc ICommitmentItems
    function template(bytes32 templateId) external view returns (TemplateView memory) {
        return _templates[templateId];
    }

    /// @inheritdoc ICommitmentItems
    function itemIdOf(uint256 owner, string calldata slug) public pure returns (bytes32 itemId) {
        return keccak256(abi.encode(owner, keccak256(bytes(slug))));
    }

    function _ownItemInForce(bytes32 itemId) private view returns (Item storage item) {
        uint256 memberId = consortium.requireOperator(msg.sender);
        item = _items[itemId];
        if (item.owner == 0) revert UnknownItem(itemId);
        if (item.owner != memberId) revert NotItemOwner(itemId, memberId);
        if (item.withdrawn) revert ItemNotInForce(itemId);
    }

    function _inForce(Item storage item) private view returns (uint32) {
        return item.withdrawn ? 0 : item.latest;
    }

    function _listed(bytes32 applicationId, bytes32 predicateHash) private view returns (bool listed) {
        address list = consortium.contractInForce(Names.APPLICATION_LIST);
        if (list == address(0)) return false;
        (uint32 version, , ) = IApplicationList(list).terms(applicationId);
        (listed, , ) = IApplicationList(list).predicate(applicationId, version, predicateHash);
    }

    /// @dev One to eight that exist, rising: so none is there twice, and claims have one order.
    function _requireRegisters(uint256[] calldata ids) private view {
        if (ids.length == 0 || ids.length > MAX_REGISTERS) revert InvalidRegisters();
        address registers = consortium.contractInForce(Names.CREDIT_REGISTERS);
        for (uint256 i = 0; i < ids.length; ++i) {
            if (i > 0 && ids[i] <= ids[i - 1]) revert InvalidRegisters();
            if (registers == address(0) || ICreditRegisters(registers).ownerOf(ids[i]) == 0) {
                revert UnknownRegister(ids[i]);
            }
        }
    }

    function _requireText(string memory field, uint256 length, uint256 max) private pure {
        if (length == 0 || length > max) revert InvalidText(field, length);
    }
}
