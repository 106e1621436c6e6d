// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IApplicationList} from "./interfaces/IApplicationList.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {ISharingGrants} from "./interfaces/ISharingGrants.sol";
import {Names} from "./Names.sol";

/// @title Sharing grants
/// @notice See {ISharingGrants}.
contract SharingGrants is ISharingGrants {
    uint8 private constant TO_MEMBER = 1;
    uint8 private constant TO_REGION = 2;
    /// @dev Classes 1, 2 and 3.
    uint8 private constant ALL_CLASSES = 14;

    /// @notice Who the members are and which answer log is in force.
    IConsortium public immutable consortium;

    /// @inheritdoc ISharingGrants
    uint256 public grantCount;
    mapping(bytes32 grantId => GrantView) private _grants;

    /// @notice Binds the grants to a consortium.
    /// @param consortium_ The consortium.
    constructor(IConsortium consortium_) {
        consortium = consortium_;
    }

    /// @inheritdoc ISharingGrants
    function give(GrantInput calldata input) external returns (bytes32 grantId) {
        uint256 grantor = consortium.requireOperator(msg.sender);
        (IConsortium.Role role, ) = consortium.roleAndRegion(grantor);
        if (role != IConsortium.Role.Authority) revert NotAnAuthority(grantor);
        _requireGrantee(input.granteeKind, input.grantee);
        if (input.classes == 0 || input.classes & ~ALL_CLASSES != 0) revert InvalidClasses(input.classes);
        if (input.validUntil < input.validFrom || input.validUntil < block.timestamp) {
            revert InvalidValidity(input.validFrom, input.validUntil);
        }
        address list = consortium.contractInForce(Names.APPLICATION_LIST);
        if (list == address(0)) revert ApplicationNotInForce(input.applicationId);
        (uint32 version, , ) = IApplicationList(list).terms(input.applicationId);
        if (version == 0) revert ApplicationNotInForce(input.applicationId);

        grantId = keccak256(abi.encode(block.chainid, address(this), grantor, ++grantCount));
        _grants[grantId] = GrantView({
            grantor: grantor,
            granteeKind: input.granteeKind,
            grantee: input.grantee,
            applicationId: input.applicationId,
            classes: input.classes,
            validFrom: input.validFrom,
            validUntil: input.validUntil,
            maxUses: input.maxUses,
            consentRequired: input.consentRequired,
            uses: 0,
            revokedAt: 0,
            givenAt: uint64(block.timestamp)
        });
        emit GrantGiven(
            grantId,
            grantor,
            input.grantee,
            input.granteeKind,
            input.applicationId,
            input.classes,
            input.validFrom,
            input.validUntil,
            input.maxUses,
            input.consentRequired
        );
    }

    /// @inheritdoc ISharingGrants
    function revoke(bytes32 grantId) external {
        uint256 memberId = consortium.requireOperator(msg.sender);
        GrantView storage g = _grants[grantId];
        if (g.grantor == 0) revert UnknownGrant(grantId);
        if (g.grantor != memberId) revert NotGrantor(grantId, memberId);
        if (g.revokedAt != 0) revert GrantIsRevoked(grantId, g.revokedAt);
        g.revokedAt = uint64(block.timestamp);
        emit GrantRevoked(grantId, memberId);
    }

    /// @inheritdoc ISharingGrants
    function consume(
        bytes32 grantId,
        uint256 grantor,
        uint256 requester,
        bytes32 applicationId,
        uint8 ledgerClass
    ) external returns (bool consentRequired) {
        if (msg.sender != consortium.contractInForce(Names.ANSWER_LOG)) revert NotAnswerLog(msg.sender);
        consentRequired = check(grantId, grantor, requester, applicationId, ledgerClass);
        uint32 uses = ++_grants[grantId].uses;
        emit GrantUsed(grantId, requester, uses);
    }

    /// @inheritdoc ISharingGrants
    function check(
        bytes32 grantId,
        uint256 grantor,
        uint256 requester,
        bytes32 applicationId,
        uint8 ledgerClass
    ) public view returns (bool consentRequired) {
        GrantView storage g = _grants[grantId];
        if (g.grantor == 0) revert UnknownGrant(grantId);
        if (g.grantor != grantor) revert GrantOfOther(grantId, g.grantor);
        if (g.revokedAt != 0) revert GrantIsRevoked(grantId, g.revokedAt);
        if (block.timestamp < g.validFrom) revert GrantNotYetValid(grantId, g.validFrom);
        if (block.timestamp > g.validUntil) revert GrantExpired(grantId, g.validUntil);
        if (g.maxUses != 0 && g.uses >= g.maxUses) revert GrantExhausted(grantId, g.maxUses);
        if (g.applicationId != applicationId) revert GrantNotForApplication(grantId, applicationId);
        if (ledgerClass > 7 || g.classes & (uint8(1) << ledgerClass) == 0)
            revert GrantNotForClass(grantId, ledgerClass);
        if (!_isGrantee(g, requester)) revert GrantNotForRequester(grantId, requester);
        return g.consentRequired;
    }

    /// @inheritdoc ISharingGrants
    function grant(bytes32 grantId) external view returns (GrantView memory) {
        return _grants[grantId];
    }

    function _isGrantee(GrantView storage g, uint256 requester) private view returns (bool) {
        if (g.granteeKind == TO_MEMBER) return g.grantee == requester;
        (, uint32 region) = consortium.roleAndRegion(requester);
        return g.grantee == region;
    }

    function _requireGrantee(uint8 kind, uint256 grantee) private view {
        bool known = false;
        if (kind == TO_MEMBER) {
            (IConsortium.Role role, ) = consortium.roleAndRegion(grantee);
            known = role != IConsortium.Role.None;
        } else if (kind == TO_REGION && grantee <= type(uint32).max) {
            known = consortium.seatOf(uint32(grantee)) != address(0);
        }
        if (!known) revert InvalidGrantee(kind, grantee);
    }
}
