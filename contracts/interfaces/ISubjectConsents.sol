// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IConsentUse} from "./IConsentUse.sol";

/// @title Keys of subjects and their consents (电子授权)
/// @notice A subject binds a key to its credit code, vouched for by an authority; on chain is a salted commitment only.
/// With that key it signs consents, which any member relays, and revokes them at any time. Put in force under the name
/// "SubjectConsents": while there is none, whatever needs consent is refused.
///
/// A requester cites a consent for a question before the question is answered; the answer log then uses it up. That the
/// consent is the asked subject's own cannot be seen on chain: the responder opens the binding's commitment with the
/// salt that the requester hands it, and refuses what does not fit.
interface ISubjectConsents is IConsentUse {
    /// @notice A subject's key as it stands now.
    struct BindingView {
        /// Zero when there is no such binding.
        address subject;
        /// The authority that vouched.
        uint256 voucher;
        bytes32 bindingCommit;
        uint64 boundAt;
        /// 0 while it holds.
        uint64 endedAt;
    }

    /// @notice What a subject consents to.
    struct ConsentInput {
        uint256 bindingId;
        bytes32 applicationId;
        uint256 registerId;
        /// Member id of who may ask.
        uint256 requester;
        /// First and last second.
        uint64 validFrom;
        uint64 validUntil;
        /// Answers that it is good for: at least 1.
        uint32 maxUses;
        /// Random: tells two like consents apart.
        bytes32 salt;
    }

    /// @notice A consent as it stands now.
    struct ConsentView {
        ConsentInput input;
        uint32 uses;
        /// 0 when there is no such consent.
        uint64 givenAt;
        /// 0 while it is not revoked.
        uint64 revokedAt;
    }

    event SubjectBound(
        uint256 indexed bindingId,
        address indexed subject,
        uint256 indexed voucher,
        bytes32 bindingCommit
    );
    event BindingEnded(uint256 indexed bindingId, address indexed subject, bool bySubject);
    event ConsentGiven(bytes32 indexed consentId, uint256 indexed bindingId, ConsentInput input);
    event ConsentRevoked(bytes32 indexed consentId, uint256 indexed bindingId);
    event ConsentCited(bytes32 indexed consentId, bytes32 indexed requestDigest, uint256 indexed requester);
    event ConsentUsed(
        bytes32 indexed consentId,
        bytes32 indexed requestDigest,
        uint256 indexed requester,
        uint256 registerId,
        bytes32 applicationId,
        bytes32 predicateHash,
        bytes32 subjectTag,
        uint32 uses
    );

    error NotAnswerLog(address caller);
    error NotAnAuthority(uint256 memberId);
    error InvalidCommit();
    error WrongSubjectSignature(address signer, address subject);
    error KeyBound(address subject, uint256 bindingId);
    error CommitUsed(bytes32 bindingCommit, uint256 bindingId);
    error UnknownBinding(uint256 bindingId);
    error BindingHasEnded(uint256 bindingId, uint64 endedAt);
    error NotVoucher(uint256 bindingId, uint256 memberId);
    error InvalidConsent(string field);
    error ConsentKnown(bytes32 consentId);
    error UnknownConsent(bytes32 consentId);
    error ConsentIsRevoked(bytes32 consentId, uint64 revokedAt);
    error ConsentNotYetValid(bytes32 consentId, uint64 validFrom);
    error ConsentExpired(bytes32 consentId, uint64 validUntil);
    error ConsentExhausted(bytes32 consentId, uint32 maxUses);
    error ConsentNotForRequester(bytes32 consentId, uint256 requester);
    error ConsentNotForRegister(bytes32 consentId, uint256 registerId);
    error ConsentNotForApplication(bytes32 consentId, bytes32 applicationId);
    error AlreadyCited(bytes32 requestDigest, bytes32 consentId);
    /// @dev The question cites no consent.
    error ConsentNotCited(bytes32 requestDigest);

    /// @notice Binds a subject's key. Operator key of an active authority, which vouches that the key is the subject's.
    /// @param subject The key; bound once, for good.
    /// @param bindingCommit keccak256(abi.encode("credit-ledger/binding", uscc, salt)), salt 256 random bits; an
    /// authority uses each once.
    /// @param signature EIP-712 `Binding(uint256 voucher,bytes32 bindingCommit)` by the subject's key.
    /// @return bindingId Counted from 1.
    function bind(
        address subject,
        bytes32 bindingCommit,
        bytes calldata signature
    ) external returns (uint256 bindingId);

    /// @notice Ends a binding; its consents hold no longer. Operator key of the authority that vouched, or the council:
    /// an authority that is suspended or has left cannot mend what it vouched for.
    /// @param bindingId The binding.
    function endBinding(uint256 bindingId) external;

    /// @notice Ends a binding by the subject's own word. Relayed by anyone.
    /// @param bindingId The binding.
    /// @param signature EIP-712 `BindingEnd(uint256 bindingId)` by the subject's key.
    function endBindingBySubject(uint256 bindingId, bytes calldata signature) external;

    /// @notice Gives a consent. Relayed by the operator key of an active member. It holds for every version of the
    /// application.
    /// @param input The consent; register, requester and application must be there, the salt must not be zero.
    /// @param signature EIP-712 `Consent(uint256 bindingId,bytes32 applicationId,uint256 registerId,uint256
    /// requester,uint64 validFrom,uint64 validUntil,uint32 maxUses,bytes32 salt)` by the binding's key.
    /// @return consentId EIP-712 digest of the consent.
    function give(ConsentInput calldata input, bytes calldata signature) external returns (bytes32 consentId);

    /// @notice Revokes a consent, from this transaction on. Relayed by anyone. A consent that was signed and not yet given
    /// can be revoked too, and can then not be given any more.
    /// @param consentId The consent.
    /// @param signature EIP-712 `ConsentRevocation(bytes32 consentId)` by the binding's key.
    function revoke(bytes32 consentId, bytes calldata signature) external;

    /// @notice Says which consent a question rests on. Operator key of the consent's requester; a question of a requester
    /// cites once. Whether register and application fit shows when the consent is used.
    /// @param consentId The consent.
    /// @param requestDigest EIP-712 digest of the question.
    function cite(bytes32 consentId, bytes32 requestDigest) external;

    /// @notice Reverts with the reason why a consent could not be used now; else does nothing.
    /// @param consentId The consent.
    /// @param requester Who asks.
    /// @param registerId Whose register.
    /// @param applicationId For what.
    function check(
        bytes32 consentId,
        uint256 requester,
        uint256 registerId,
        bytes32 applicationId
    ) external view;

    /// @notice A binding.
    /// @param bindingId The binding.
    function binding(uint256 bindingId) external view returns (BindingView memory);

    /// @notice The binding of a key; 0 for none, also of one that has ended.
    /// @param subject The key.
    function bindingOf(address subject) external view returns (uint256 bindingId);

    /// @notice How many bindings there are.
    function bindingCount() external view returns (uint256);

    /// @notice A consent.
    /// @param consentId The consent.
    function consent(bytes32 consentId) external view returns (ConsentView memory);

    /// @notice The consent that a requester cited for a question; zero for none.
    /// @param requester Who asks.
    /// @param requestDigest EIP-712 digest of the question.
    function citedBy(uint256 requester, bytes32 requestDigest) external view returns (bytes32 consentId);

    /// @notice The id of a consent.
    /// @param input The consent.
    function consentIdOf(ConsentInput calldata input) external view returns (bytes32 consentId);
}
