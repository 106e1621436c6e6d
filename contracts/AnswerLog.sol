// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IAnswerLog} from "./interfaces/IAnswerLog.sol";
import {IApplicationList} from "./interfaces/IApplicationList.sol";
import {IClaimVerifier} from "./interfaces/IClaimVerifier.sol";
import {IConsentUse} from "./interfaces/IConsentUse.sol";
import {IConsortium} from "./interfaces/IConsortium.sol";
import {ICreditRegisters} from "./interfaces/ICreditRegisters.sol";
import {ISharingGrants} from "./interfaces/ISharingGrants.sol";
import {Field} from "./lib/Field.sol";
import {Names} from "./Names.sol";

/// @title The answer log
/// @notice See {IAnswerLog}.
contract AnswerLog is IAnswerLog, EIP712 {
    /// @dev The first five slots are all that `verifyClaim` reads here.
    struct Record {
        address verifier;
        uint40 registerId;
        uint32 applicationVersion;
        uint16 refusalCode;
        ICreditRegisters.Standing standing;
        // --- next slot
        uint40 seq;
        uint40 requester;
        uint32 asOfDay;
        uint64 expiry;
        uint40 time;
        uint40 blockNumber;
        // --- a slot each
        bytes32 subjectTag;
        bytes32 predicateHash;
        uint256 context;
        bytes32 requestId;
        bytes32 applicationId;
        bytes32 grantId;
        bytes32 circuitId;
        bytes32 answerCommitment;
    }

    /// @notice Furthest expiry of a request, and furthest deadline of a lodged question.
    uint64 public constant MAX_LEAD = 30 days;
    /// @notice Shortest notice of a lodged question.
    uint64 public constant MIN_NOTICE = 1 hours;
    /// @notice Refusal code of `denyReceipt`.
    uint16 public constant NOT_RECEIVED = 11;

    /// @notice EIP-712 type of a request.
    bytes32 public constant REQUEST_TYPEHASH = keccak256(
        "Request(bytes32 requestId,uint256 requester,uint256 registerId,bytes32 applicationId,uint32 applicationVersion,bytes32 predicateHash,uint32 asOfDay,bytes32 subjectTag,bytes32 grantId,uint64 expiry)"
    );

    uint16 private constant LAST_REFUSAL_CODE = 10;
    /// @dev Civil days at UTC+8.
    uint256 private constant DAY_OFFSET = 8 hours;

    /// @notice Who the members are and what is in force.
    IConsortium public immutable consortium;
    /// @notice The registers that answers rest on.
    ICreditRegisters public immutable registers;

    /// @inheritdoc IAnswerLog
    uint256 public logCount;
    mapping(uint256 logId => Record) private _records;
    /// @dev By requester: request ids of letters can be foreseen, and nobody may take one up first.
    mapping(uint256 registerId => mapping(bytes32 grantId => mapping(uint256 requester => mapping(bytes32 requestId => uint256))))
        private _logIds;
    /// @dev By requester: nobody can take up a tag seen in a pending transaction and be in its owner's way.
    mapping(uint256 requester => mapping(bytes32 subjectTag => bytes32 requestId)) private _tags;
    mapping(bytes32 questionId => Question) private _questions;
    mapping(uint256 registerId => uint64) private _overdue;
    mapping(uint256 registerId => uint64) private _denied;

    /// @notice Binds the log to a consortium and its registers.
    /// @param consortium_ The consortium.
    /// @param registers_ The registers.
    constructor(IConsortium consortium_, ICreditRegisters registers_) EIP712("CreditLedger", "1") {
        consortium = consortium_;
        registers = registers_;
    }

    // ---- answers and refusals ------------------------------------------------------------------------------------

    /// @inheritdoc IAnswerLog
    function log(
        Request calldata request,
        bytes calldata signature,
        bytes32 batchHash,
        bytes32 circuitId,
        bytes32 answerCommitment
    ) external returns (uint256 logId) {
        uint256 owner = _requireOwner(request.registerId);
        bytes32 digest = _requireSigned(request, signature);
        logId = _newEntry(request);
        _requireTimely(request.expiry);
        _claimTag(request);
        if (answerCommitment == bytes32(0)) revert InvalidAnswerCommitment();

        Record storage e = _records[logId];
        (uint8 class, bool consentNeeded) = _requireListed(request, circuitId);
        (, e.verifier, , ) = consortium.circuit(circuitId);
        (ICreditRegisters.Standing standing, uint64 seq) = _requireUsable(request.registerId, batchHash);
        e.standing = standing;
        e.seq = uint40(seq);
        e.circuitId = circuitId;
        e.answerCommitment = answerCommitment;
        _settle(digest, request, logId);
        emit AnswerLogged(
            logId,
            request.registerId,
            request.requester,
            digest,
            request,
            batchHash,
            seq,
            standing,
            circuitId,
            answerCommitment
        );
        // Other contracts last: all that this one decides is written down before they are called.
        _requireEntitled(request, digest, owner, class, consentNeeded);
    }

    /// @inheritdoc IAnswerLog
    function refuse(
        Request calldata request,
        bytes calldata signature,
        uint16 code
    ) external returns (uint256 logId) {
        _requireOwner(request.registerId);
        if (code == 0 || code > LAST_REFUSAL_CODE) revert UnknownRefusalCode(code);
        bytes32 digest = _requireSigned(request, signature);
        logId = _newEntry(request);
        _records[logId].refusalCode = code;
        _records[logId].standing = ICreditRegisters.Standing.NotUsable;
        _settle(digest, request, logId);
        emit AnswerRefused(logId, request.registerId, request.requester, digest, request, code);
    }

    // ---- lodged questions ----------------------------------------------------------------------------------------

    /// @inheritdoc IAnswerLog
    function lodge(
        bytes32 digest,
        uint256 registerId,
        uint64 deadline
    ) external returns (bytes32 questionId) {
        _requireInForce(Names.ANSWER_LOG, address(this));
        uint256 requester = consortium.requireOperator(msg.sender);
        if (registers.ownerOf(registerId) == 0) revert UnknownRegister(registerId);
        uint64 time = uint64(block.timestamp);
        if (deadline < time + MIN_NOTICE || deadline > time + MAX_LEAD) {
            revert InvalidDeadline(deadline, time + MIN_NOTICE, time + MAX_LEAD);
        }
        questionId = questionIdOf(digest, registerId, requester);
        if (_questions[questionId].requester != 0) revert AlreadyLodged(questionId);
        if (_questions[questionId].settledAt != 0) revert AlreadySettled(questionId);
        _questions[questionId] = Question({
            requester: requester,
            registerId: registerId,
            requestDigest: digest,
            lodgedAt: time,
            deadline: deadline,
            settledAt: 0,
            overdue: false
        });
        emit QuestionLodged(questionId, registerId, requester, digest, deadline);
    }

    /// @inheritdoc IAnswerLog
    function denyReceipt(bytes32 questionId) external {
        Question storage q = _openQuestion(questionId);
        _requireOwner(q.registerId);
        _close(questionId, q);
        ++_denied[q.registerId];
        emit QuestionDenied(questionId, q.registerId, NOT_RECEIVED);
    }

    /// @inheritdoc IAnswerLog
    function markOverdue(bytes32 questionId) external {
        Question storage q = _openQuestion(questionId);
        if (q.overdue) revert AlreadyOverdue(questionId);
        if (block.timestamp <= q.deadline) revert NotYetOverdue(questionId, q.deadline);
        _countOverdue(questionId, q);
    }

    // ---- checking ------------------------------------------------------------------------------------------------

    /// @inheritdoc IAnswerLog
    function verifyClaim(
        uint256 logId,
        bool answer,
        bool disputed,
        Proof calldata proof
    ) external view returns (bool) {
        Record storage e = _records[logId];
        uint256 registerId = e.registerId;
        if (registerId == 0) revert UnknownLogEntry(logId);
        if (e.refusalCode != 0) revert EntryIsRefusal(logId, e.refusalCode);
        ICreditRegisters.Standing standing = e.standing;
        if (standing > ICreditRegisters.Standing.WithinGrace) revert RootNotCurrent(logId, standing);

        (bytes32 root, bytes32 secretCommit) = registers.claimBasis(registerId, e.seq);
        uint256[8] memory signals;
        signals[0] = answer ? 1 : 0;
        signals[1] = disputed ? 1 : 0;
        signals[2] = uint256(root);
        signals[3] = uint256(secretCommit);
        signals[4] = uint256(e.subjectTag);
        signals[5] = uint256(e.predicateHash);
        signals[6] = e.asOfDay;
        signals[7] = e.context;
        return IClaimVerifier(e.verifier).verifyProof(proof.a, proof.b, proof.c, signals);
    }

    // ---- views ---------------------------------------------------------------------------------------------------

    /// @inheritdoc IAnswerLog
    function entry(uint256 logId) public view returns (LogEntry memory logEntry) {
        Record storage e = _records[logId];
        if (e.registerId == 0) revert UnknownLogEntry(logId);
        logEntry.request = Request({
            requestId: e.requestId,
            requester: e.requester,
            registerId: e.registerId,
            applicationId: e.applicationId,
            applicationVersion: e.applicationVersion,
            predicateHash: e.predicateHash,
            asOfDay: e.asOfDay,
            subjectTag: e.subjectTag,
            grantId: e.grantId,
            expiry: e.expiry
        });
        logEntry.requestDigest = _digest(logEntry.request);
        logEntry.batchHash = e.seq == 0 ? bytes32(0) : registers.batch(e.registerId, e.seq).batchHash;
        logEntry.seq = e.seq;
        logEntry.standing = e.standing;
        logEntry.circuitId = e.circuitId;
        logEntry.answerCommitment = e.answerCommitment;
        logEntry.refusalCode = e.refusalCode;
        logEntry.time = e.time;
        logEntry.blockNumber = e.blockNumber;
    }

    /// @inheritdoc IAnswerLog
    function entryHash(uint256 logId) external view returns (bytes32) {
        LogEntry memory e = entry(logId);
        return
            keccak256(
                abi.encode(logId, e.requestDigest, e.batchHash, e.circuitId, e.answerCommitment, e.time)
            );
    }

    /// @inheritdoc IAnswerLog
    function logIdOf(
        uint256 registerId,
        bytes32 grantId,
        uint256 requester,
        bytes32 requestId
    ) external view returns (uint256 logId) {
        return _logIds[registerId][grantId][requester][requestId];
    }

    /// @inheritdoc IAnswerLog
    function requestOfTag(uint256 requester, bytes32 subjectTag) external view returns (bytes32 requestId) {
        return _tags[requester][subjectTag];
    }

    /// @inheritdoc IAnswerLog
    function question(bytes32 questionId) external view returns (Question memory) {
        return _questions[questionId];
    }

    /// @inheritdoc IAnswerLog
    function questionIdOf(
        bytes32 digest,
        uint256 registerId,
        uint256 requester
    ) public pure returns (bytes32) {
        return keccak256(abi.encode(digest, registerId, requester));
    }

    /// @inheritdoc IAnswerLog
    function overdueCount(uint256 registerId) external view returns (uint64) {
        return _overdue[registerId];
    }

    /// @inheritdoc IAnswerLog
    function deniedCount(uint256 registerId) external view returns (uint64) {
        return _denied[registerId];
    }

    /// @inheritdoc IAnswerLog
    function requestDigest(Request calldata request) external view returns (bytes32) {
        return _digest(request);
    }

    /// @inheritdoc IAnswerLog
    function contextOf(Request calldata request) public view returns (uint256) {
        return
            uint256(
                keccak256(
                    abi.encode(
                        block.chainid,
                        address(this),
                        request.registerId,
                        request.requestId,
                        request.grantId,
                        request.requester,
                        request.applicationId,
                        request.expiry
                    )
                )
            ) % Field.MODULUS;
    }

    // ---- inside --------------------------------------------------------------------------------------------------

    function _digest(Request memory request) private view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(REQUEST_TYPEHASH, request)));
    }

    function _requireInForce(bytes32 name, address expected) private view {
        address inForce = consortium.contractInForce(name);
        if (inForce != expected) revert NotInForce(name, inForce);
    }

    /// @dev The caller acts for the active owner of the register, and this log and its registers are in force.
    function _requireOwner(uint256 registerId) private view returns (uint256 owner) {
        _requireInForce(Names.ANSWER_LOG, address(this));
        _requireInForce(Names.CREDIT_REGISTERS, address(registers));
        owner = registers.ownerOf(registerId);
        if (owner == 0) revert UnknownRegister(registerId);
        uint256 memberId = consortium.requireOperator(msg.sender);
        if (memberId != owner) revert NotRegisterOwner(registerId, memberId);
    }

    /// @dev Signed by the operator key that the requester has in this block; 65 bytes and low s only.
    function _requireSigned(
        Request calldata request,
        bytes calldata signature
    ) private view returns (bytes32 digest) {
        digest = _digest(request);
        (address signer, ECDSA.RecoverError error_, ) = ECDSA.tryRecover(digest, signature);
        if (error_ != ECDSA.RecoverError.NoError) revert InvalidSignature(digest);
        if (signer != consortium.operatorAt(request.requester, block.number)) {
            revert WrongSigner(signer, request.requester);
        }
        if (!consortium.activeAt(request.requester, block.number))
            revert RequesterNotActive(request.requester);
    }

    function _newEntry(Request calldata request) private returns (uint256 logId) {
        if (request.requestId == bytes32(0)) revert InvalidRequestId();
        mapping(bytes32 requestId => uint256) storage logIds = _logIds[request.registerId][request.grantId][
            request.requester
        ];
        uint256 known = logIds[request.requestId];
        if (known != 0) revert AlreadyLogged(known);
        logId = ++logCount;
        logIds[request.requestId] = logId;
        Record storage e = _records[logId];
        e.registerId = uint40(request.registerId);
        e.applicationVersion = request.applicationVersion;
        e.requester = uint40(request.requester);
        e.asOfDay = request.asOfDay;
        e.expiry = request.expiry;
        e.time = uint40(block.timestamp);
        e.blockNumber = uint40(block.number);
        e.subjectTag = request.subjectTag;
        e.predicateHash = request.predicateHash;
        e.context = contextOf(request);
        e.requestId = request.requestId;
        e.applicationId = request.applicationId;
        e.grantId = request.grantId;
    }

    function _requireTimely(uint64 expiry) private view {
        uint64 time = uint64(block.timestamp);
        if (expiry < time) revert RequestExpired(expiry, time);
        if (expiry > time + MAX_LEAD) revert ExpiryTooFar(expiry, time + MAX_LEAD);
    }

    /// @dev A tag is one nonce: used for a second question it would show that both are about the same subject.
    function _claimTag(Request calldata request) private {
        bytes32 tag = request.subjectTag;
        if (tag == bytes32(0) || uint256(tag) >= Field.MODULUS) revert InvalidTag(tag);
        bytes32 known = _tags[request.requester][tag];
        if (known == bytes32(0)) _tags[request.requester][tag] = request.requestId;
        else if (known != request.requestId) revert TagOfOtherRequest(tag, known);
    }

    function _requireListed(
        Request calldata request,
        bytes32 circuitId
    ) private view returns (uint8 class, bool consentNeeded) {
        IApplicationList list = IApplicationList(consortium.contractInForce(Names.APPLICATION_LIST));
        (uint32 version, IApplicationList.Gateway gateway, bool historicalDays) = list.terms(
            request.applicationId
        );
        if (version == 0 || version != request.applicationVersion) {
            revert ApplicationNotInForce(request.applicationId, request.applicationVersion, version);
        }
        uint32 today = uint32((block.timestamp + DAY_OFFSET) / 1 days);
        if (request.asOfDay > today + 1 || (!historicalDays && request.asOfDay + 1 < today)) {
            revert DayNotAllowed(request.asOfDay, today, historicalDays);
        }
        bool circuitAllowed;
        (class, circuitAllowed) = list.allowed(
            request.applicationId,
            version,
            request.predicateHash,
            circuitId
        );
        if (class == 0) revert PredicateNotListed(request.applicationId, request.predicateHash);
        if (!circuitAllowed || !consortium.circuitInForce(circuitId)) {
            revert CircuitNotAllowed(request.predicateHash, circuitId);
        }
        consentNeeded = gateway == IApplicationList.Gateway.SubjectConsent;
    }

    function _requireUsable(
        uint256 registerId,
        bytes32 batchHash
    ) private view returns (ICreditRegisters.Standing standing, uint64 seq) {
        bytes4 reason;
        (standing, reason, seq) = registers.usable(registerId, batchHash);
        if (standing == ICreditRegisters.Standing.NotUsable) revert BatchNotUsable(batchHash, reason);
    }

    /// @dev Counts the grant's use and, where grant or gateway demand it, the subject's consent.
    function _requireEntitled(
        Request calldata request,
        bytes32 digest,
        uint256 owner,
        uint8 class,
        bool consentNeeded
    ) private {
        ISharingGrants grants = ISharingGrants(consortium.contractInForce(Names.SHARING_GRANTS));
        bool byGrant = grants.consume(
            request.grantId,
            owner,
            request.requester,
            request.applicationId,
            class
        );
        if (!byGrant && !consentNeeded) return;
        address consents = consortium.contractInForce(Names.SUBJECT_CONSENTS);
        if (consents == address(0)) revert ConsentNotAvailable(request.grantId);
        IConsentUse(consents).consume(
            digest,
            request.requester,
            request.registerId,
            request.applicationId,
            request.predicateHash,
            request.subjectTag,
            class
        );
    }

    function _openQuestion(bytes32 questionId) private view returns (Question storage q) {
        q = _questions[questionId];
        if (q.requester == 0) revert UnknownQuestion(questionId);
        if (q.settledAt != 0) revert AlreadySettled(questionId);
    }

    /// @dev Closes the lodged question of this request. Where there is none, it is noted that none can be lodged any more:
    /// one that came after its answer could never be settled, and would count against the owner.
    function _settle(bytes32 digest, Request calldata request, uint256 logId) private {
        bytes32 questionId = questionIdOf(digest, request.registerId, request.requester);
        Question storage q = _questions[questionId];
        if (q.settledAt != 0) return;
        if (q.requester == 0) {
            q.settledAt = uint64(block.timestamp);
            return;
        }
        _close(questionId, q);
        emit QuestionSettled(questionId, q.registerId, logId);
    }

    /// @dev Late is late, also when nobody has marked it before.
    function _close(bytes32 questionId, Question storage q) private {
        if (block.timestamp > q.deadline && !q.overdue) _countOverdue(questionId, q);
        q.settledAt = uint64(block.timestamp);
    }

    function _countOverdue(bytes32 questionId, Question storage q) private {
        q.overdue = true;
        emit QuestionOverdue(questionId, q.registerId, ++_overdue[q.registerId]);
    }
}
