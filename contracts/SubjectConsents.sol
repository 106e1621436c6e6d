// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IApplicationList} from "./interfaces/IApplicationList.sol";
import {IConsentUse} from "./interfaces/IConsentUse.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {ICreditRegisters} from "./interfaces/ICreditRegisters.sol";
import {ISubjectConsents} from "./interfaces/ISubjectConsents.sol";
import {Signatures} from "./lib/Signatures.sol";
import {Names} from "./Names.sol";

/// @title Keys of subjects and their consents
/// @notice See {ISubjectConsents}.
contract SubjectConsents is ISubjectConsents, EIP712 {
    using Signatures for address;

    /// @notice EIP-712 type by which a subject's key lets itself be bound.
    bytes32 public constant BINDING_TYPEHASH = keccak256("Binding(uint256 voucher,bytes32 bindingCommit)");
    /// @notice EIP-712 type by which a subject ends its binding.
    bytes32 public constant BINDING_END_TYPEHASH = keccak256("BindingEnd(uint256 bindingId)");
    /// @notice EIP-712 type of a consent.
    bytes32 public constant CONSENT_TYPEHASH = keccak256(
        "Consent(uint256 bindingId,bytes32 applicationId,uint256 registerId,uint256 requester,uint64 validFrom,uint64 validUntil,uint32 maxUses,bytes32 salt)"
    );
    /// @notice EIP-712 type by which a subject revokes a consent.
    bytes32 public constant CONSENT_REVOCATION_TYPEHASH = keccak256("ConsentRevocation(bytes32 consentId)");

    /// @notice Who the members are and what is in force.
    IConsortium public immutable consortium;

    /// @inheritdoc ISubjectConsents
    uint256 public bindingCount;
    mapping(uint256 bindingId => BindingView) private _bindings;
    /// @dev Also of bindings that have ended: a key is bound once.
    mapping(address subject => uint256 bindingId) private _bindingOf;
    /// @dev By voucher: no other authority can take up a commitment seen in a pending transaction.
    mapping(uint256 voucher => mapping(bytes32 bindingCommit => uint256 bindingId)) private _commits;
    mapping(bytes32 consentId => ConsentView) private _consents;
    /// @dev Revoked before it was given, by signer: anybody may sign about any id, and only the binding's key counts.
    mapping(bytes32 consentId => mapping(address signer => uint64 revokedAt)) private _revokedAhead;
    /// @dev By requester: nobody can cite for a question of another, and so be in its way.
    mapping(uint256 requester => mapping(bytes32 requestDigest => bytes32 consentId)) private _citations;

    /// @notice Binds the consents to a consortium.
    /// @param consortium_ The consortium.
    constructor(IConsortium consortium_) EIP712("CreditLedger", "1") {
        consortium = consortium_;
    }

    // ---- keys ----------------------------------------------------------------------------------------------------

    /// @inheritdoc ISubjectConsents
    function bind(
        address subject,
        bytes32 bindingCommit,
        bytes calldata signature
    ) external returns (uint256 bindingId) {
        uint256 voucher = consortium.requireOperator(msg.sender);
        (IConsortium.Role role, ) = consortium.roleAndRegion(voucher);
        if (role != IConsortium.Role.Authority) revert NotAnAuthority(voucher);
        if (bindingCommit == bytes32(0)) revert InvalidCommit();
        // The signature names the voucher: no other authority can bind the key with it.
        _requireSignedBy(subject, keccak256(abi.encode(BINDING_TYPEHASH, voucher, bindingCommit)), signature);
        uint256 known = _bindingOf[subject];
        if (known != 0) revert KeyBound(subject, known);
        known = _commits[voucher][bindingCommit];
        if (known != 0) revert CommitUsed(bindingCommit, known);

        bindingId = ++bindingCount;
        _bindingOf[subject] = bindingId;
        _commits[voucher][bindingCommit] = bindingId;
        _bindings[bindingId] = BindingView({
            subject: subject,
            voucher: voucher,
            bindingCommit: bindingCommit,
            boundAt: uint64(block.timestamp),
            endedAt: 0
        });
        emit SubjectBound(bindingId, subject, voucher, bindingCommit);
    }

    /// @inheritdoc ISubjectConsents
    function endBinding(uint256 bindingId) external {
        BindingView storage b = _knownBinding(bindingId);
        // An authority that was suspended or has left can end nothing any more: then the council does.
        if (msg.sender != address(consortium)) {
            uint256 memberId = consortium.requireOperator(msg.sender);
            if (memberId != b.voucher) revert NotVoucher(bindingId, memberId);
        }
        _end(bindingId, b, false);
    }

    /// @inheritdoc ISubjectConsents
    function endBindingBySubject(uint256 bindingId, bytes calldata signature) external {
        BindingView storage b = _knownBinding(bindingId);
        _requireSignedBy(b.subject, keccak256(abi.encode(BINDING_END_TYPEHASH, bindingId)), signature);
        _end(bindingId, b, true);
    }

    // ---- consents ------------------------------------------------------------------------------------------------

    /// @inheritdoc ISubjectConsents
    function give(
        ConsentInput calldata input,
        bytes calldata signature
    ) external returns (bytes32 consentId) {
        consortium.requireOperator(msg.sender);
        BindingView storage b = _knownBinding(input.bindingId);
        consentId = consentIdOf(input);
        _requireSigner(Signatures.signerOf(consentId, signature), b.subject);
        _requireHolds(input.bindingId, b);
        _requireSensible(input);
        if (_consents[consentId].givenAt != 0) revert ConsentKnown(consentId);
        uint64 revokedAt = _revokedAhead[consentId][b.subject];
        if (revokedAt != 0) revert ConsentIsRevoked(consentId, revokedAt);

        _consents[consentId] = ConsentView({
            input: input,
            uses: 0,
            givenAt: uint64(block.timestamp),
            revokedAt: 0
        });
        emit ConsentGiven(consentId, input.bindingId, input);
    }

    /// @inheritdoc ISubjectConsents
    function revoke(bytes32 consentId, bytes calldata signature) external {
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(CONSENT_REVOCATION_TYPEHASH, consentId)));
        address signer = Signatures.signerOf(digest, signature);
        ConsentView storage c = _consents[consentId];
        uint256 bindingId = c.input.bindingId;
        if (bindingId != 0) {
            _requireSigner(signer, _bindings[bindingId].subject);
            if (c.revokedAt != 0) revert ConsentIsRevoked(consentId, c.revokedAt);
            c.revokedAt = uint64(block.timestamp);
        } else {
            // Signed and handed out, but not given yet: what is taken back now must not be given afterwards.
            bindingId = _bindingOf[signer];
            if (bindingId == 0) revert UnknownConsent(consentId);
            uint64 revokedAt = _revokedAhead[consentId][signer];
            if (revokedAt != 0) revert ConsentIsRevoked(consentId, revokedAt);
            _revokedAhead[consentId][signer] = uint64(block.timestamp);
        }
        emit ConsentRevoked(consentId, bindingId);
    }

    // ---- use -----------------------------------------------------------------------------------------------------

    /// @inheritdoc ISubjectConsents
    function cite(bytes32 consentId, bytes32 requestDigest) external {
        uint256 memberId = consortium.requireOperator(msg.sender);
        ConsentView storage c = _requireUsable(consentId);
        if (c.input.requester != memberId) revert ConsentNotForRequester(consentId, memberId);
        bytes32 cited = _citations[memberId][requestDigest];
        if (cited != bytes32(0)) revert AlreadyCited(requestDigest, cited);
        _citations[memberId][requestDigest] = consentId;
        emit ConsentCited(consentId, requestDigest, memberId);
    }

    /// @inheritdoc IConsentUse
    function consume(
        bytes32 requestDigest,
        uint256 requester,
        uint256 registerId,
        bytes32 applicationId,
        bytes32 predicateHash,
        bytes32 subjectTag,
        uint8
    ) external {
        if (msg.sender != consortium.contractInForce(Names.ANSWER_LOG)) revert NotAnswerLog(msg.sender);
        bytes32 consentId = _citations[requester][requestDigest];
        if (consentId == bytes32(0)) revert ConsentNotCited(requestDigest);
        check(consentId, requester, registerId, applicationId);
        uint32 uses = ++_consents[consentId].uses;
        emit ConsentUsed(
            consentId,
            requestDigest,
            requester,
            registerId,
            applicationId,
            predicateHash,
            subjectTag,
            uses
        );
    }

    /// @inheritdoc ISubjectConsents
    function check(
        bytes32 consentId,
        uint256 requester,
        uint256 registerId,
        bytes32 applicationId
    ) public view {
        ConsentInput storage input = _requireUsable(consentId).input;
        if (input.requester != requester) revert ConsentNotForRequester(consentId, requester);
        if (input.registerId != registerId) revert ConsentNotForRegister(consentId, registerId);
        if (input.applicationId != applicationId) revert ConsentNotForApplication(consentId, applicationId);
    }

    // ---- views ---------------------------------------------------------------------------------------------------

    /// @inheritdoc ISubjectConsents
    function binding(uint256 bindingId) external view returns (BindingView memory) {
        return _bindings[bindingId];
    }

    /// @inheritdoc ISubjectConsents
    function bindingOf(address subject) external view returns (uint256 bindingId) {
        bindingId = _bindingOf[subject];
        if (_bindings[bindingId].endedAt != 0) bindingId = 0;
    }

    /// @inheritdoc ISubjectConsents
    function consent(bytes32 consentId) external view returns (ConsentView memory) {
        return _consents[consentId];
    }

    /// @inheritdoc ISubjectConsents
    function citedBy(uint256 requester, bytes32 requestDigest) external view returns (bytes32 consentId) {
        return _citations[requester][requestDigest];
    }

    /// @inheritdoc ISubjectConsents
    function consentIdOf(ConsentInput calldata input) public view returns (bytes32 consentId) {
        return _hashTypedDataV4(keccak256(abi.encode(CONSENT_TYPEHASH, input)));
    }

    // ---- inside --------------------------------------------------------------------------------------------------

    function _knownBinding(uint256 bindingId) private view returns (BindingView storage b) {
        b = _bindings[bindingId];
        if (b.subject == address(0)) revert UnknownBinding(bindingId);
    }

    function _requireHolds(uint256 bindingId, BindingView storage b) private view {
        if (b.endedAt != 0) revert BindingHasEnded(bindingId, b.endedAt);
    }

    function _end(uint256 bindingId, BindingView storage b, bool bySubject) private {
        _requireHolds(bindingId, b);
        b.endedAt = uint64(block.timestamp);
        emit BindingEnded(bindingId, b.subject, bySubject);
    }

    function _requireSignedBy(address subject, bytes32 structHash, bytes calldata signature) private view {
        _requireSigner(Signatures.signerOf(_hashTypedDataV4(structHash), signature), subject);
    }

    function _requireSigner(address signer, address subject) private pure {
        if (!signer.isBy(subject)) revert WrongSubjectSignature(signer, subject);
    }

    /// @dev A consent that could never be used is refused now, when the subject can still be asked again.
    function _requireSensible(ConsentInput calldata input) private view {
        if (input.validUntil < input.validFrom || input.validUntil < block.timestamp) {
            revert InvalidConsent("validUntil");
        }
        if (input.maxUses == 0) revert InvalidConsent("maxUses");
        if (input.salt == bytes32(0)) revert InvalidConsent("salt");
        (IConsortium.Role role, ) = consortium.roleAndRegion(input.requester);
        if (role == IConsortium.Role.None) revert InvalidConsent("requester");
        address registers = consortium.contractInForce(Names.CREDIT_REGISTERS);
        if (registers == address(0) || ICreditRegisters(registers).ownerOf(input.registerId) == 0) {
            revert InvalidConsent("registerId");
        }
        address list = consortium.contractInForce(Names.APPLICATION_LIST);
        if (list == address(0)) revert InvalidConsent("applicationId");
        (uint32 version, , ) = IApplicationList(list).terms(input.applicationId);
        if (version == 0) revert InvalidConsent("applicationId");
    }

    function _requireUsable(bytes32 consentId) private view returns (ConsentView storage c) {
        c = _consents[consentId];
        if (c.givenAt == 0) revert UnknownConsent(consentId);
        if (c.revokedAt != 0) revert ConsentIsRevoked(consentId, c.revokedAt);
        ConsentInput storage input = c.input;
        _requireHolds(input.bindingId, _bindings[input.bindingId]);
        if (block.timestamp < input.validFrom) revert ConsentNotYetValid(consentId, input.validFrom);
        if (block.timestamp > input.validUntil) revert ConsentExpired(consentId, input.validUntil);
        if (c.uses >= input.maxUses) revert ConsentExhausted(consentId, input.maxUses);
    }
}
