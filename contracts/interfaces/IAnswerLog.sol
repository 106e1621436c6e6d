// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ICreditRegisters} from "./ICreditRegisters.sol";

/// @title The answer log: no answer is released before it stands here
/// @notice Every answer is logged, and everything that entitles to it is checked, in one transaction; refusals are
/// logged with a code; questions lodged and not answered in time are counted. Nobody can read an answer from the log,
/// and nobody can show another one for the same entry later.
interface IAnswerLog {
    /// @notice A question, signed by the requester (EIP-712). It names the subject by a tag only.
    struct Request {
        /// Random, chosen by the requester.
        bytes32 requestId;
        /// Member id of the requester.
        uint256 requester;
        uint256 registerId;
        bytes32 applicationId;
        uint32 applicationVersion;
        bytes32 predicateHash;
        /// Civil day at UTC+8, counted from 1970-01-01.
        uint32 asOfDay;
        /// H3(3, uscc, nonce).
        bytes32 subjectTag;
        bytes32 grantId;
        /// Last second at which it may be answered.
        uint64 expiry;
    }

    /// @notice A Groth16 proof, B with imaginary parts first.
    struct Proof {
        uint256[2] a;
        uint256[2][2] b;
        uint256[2] c;
    }

    /// @notice An entry of the log.
    struct LogEntry {
        Request request;
        bytes32 requestDigest;
        /// The batch that the answer rests on; zero for a refusal and for the empty register.
        bytes32 batchHash;
        uint64 seq;
        /// How the root stood when this was logged; `NotUsable` for a refusal.
        ICreditRegisters.Standing standing;
        bytes32 circuitId;
        bytes32 answerCommitment;
        /// 0 for an answer.
        uint16 refusalCode;
        uint64 time;
        uint64 blockNumber;
    }

    /// @notice A lodged question.
    struct Question {
        /// Member id of who lodged it; 0 when there is none.
        uint256 requester;
        uint256 registerId;
        bytes32 requestDigest;
        uint64 lodgedAt;
        uint64 deadline;
        /// When it was answered, refused or denied; 0 while it is open. Noted where none was lodged as well.
        uint64 settledAt;
        bool overdue;
    }

    event AnswerLogged(
        uint256 indexed logId,
        uint256 indexed registerId,
        uint256 indexed requester,
        bytes32 requestDigest,
        Request request,
        bytes32 batchHash,
        uint64 seq,
        ICreditRegisters.Standing standing,
        bytes32 circuitId,
        bytes32 answerCommitment
    );
    event AnswerRefused(
        uint256 indexed logId,
        uint256 indexed registerId,
        uint256 indexed requester,
        bytes32 requestDigest,
        Request request,
        uint16 code
    );
    event QuestionLodged(
        bytes32 indexed questionId,
        uint256 indexed registerId,
        uint256 indexed requester,
        bytes32 requestDigest,
        uint64 deadline
    );
    event QuestionSettled(bytes32 indexed questionId, uint256 indexed registerId, uint256 logId);
    event QuestionDenied(bytes32 indexed questionId, uint256 indexed registerId, uint16 code);
    event QuestionOverdue(bytes32 indexed questionId, uint256 indexed registerId, uint64 overdueCount);

    error NotInForce(bytes32 name, address inForce);
    error UnknownRegister(uint256 registerId);
    error NotRegisterOwner(uint256 registerId, uint256 memberId);
    error InvalidSignature(bytes32 digest);
    error WrongSigner(address signer, uint256 requester);
    error RequesterNotActive(uint256 requester);
    error AlreadyLogged(uint256 logId);
    error InvalidRequestId();
    error InvalidTag(bytes32 subjectTag);
    error TagOfOtherRequest(bytes32 subjectTag, bytes32 requestId);
    error RequestExpired(uint64 expiry, uint64 time);
    error ExpiryTooFar(uint64 expiry, uint64 latest);
    error DayNotAllowed(uint32 asOfDay, uint32 today, bool historicalDays);
    error ApplicationNotInForce(bytes32 applicationId, uint32 version, uint32 versionInForce);
    error PredicateNotListed(bytes32 applicationId, bytes32 predicateHash);
    error CircuitNotAllowed(bytes32 predicateHash, bytes32 circuitId);
    error BatchNotUsable(bytes32 batchHash, bytes4 reason);
    error InvalidAnswerCommitment();
    error ConsentNotAvailable(bytes32 grantId);
    error UnknownRefusalCode(uint16 code);
    error InvalidDeadline(uint64 deadline, uint64 earliest, uint64 latest);
    error AlreadyLodged(bytes32 questionId);
    error UnknownQuestion(bytes32 questionId);
    error AlreadySettled(bytes32 questionId);
    error NotYetOverdue(bytes32 questionId, uint64 deadline);
    error AlreadyOverdue(bytes32 questionId);
    error UnknownLogEntry(uint256 logId);
    error EntryIsRefusal(uint256 logId, uint16 code);
    error RootNotCurrent(uint256 logId, ICreditRegisters.Standing standing);

    /// @notice Logs an answer; only then may it be released. Operator key of the register's owner.
    /// @dev Checks in this transaction: signature and status of the requester, replay, tag, expiry, day, application
    /// version, predicate, circuit, the batch's standing, grant and uses left, consent.
    /// @param request The question.
    /// @param signature The requester's signature over it, 65 bytes, low s.
    /// @param batchHash The batch that the answer rests on; zero for the empty register.
    /// @param circuitId The circuit of the proof.
    /// @param answerCommitment keccak256(abi.encode(registerId, batchHash, circuitId, uint256[8] signals, nonce)).
    /// @return logId The entry, counted from 1.
    function log(
        Request calldata request,
        bytes calldata signature,
        bytes32 batchHash,
        bytes32 circuitId,
        bytes32 answerCommitment
    ) external returns (uint256 logId);

    /// @notice Logs a coded refusal; uses up neither grant nor tag, but closes the request. Operator key of the owner.
    /// @dev Takes whatever the requester signed: a request that could never be answered must be refusable.
    /// @param request The question.
    /// @param signature The requester's signature over it.
    /// @param code Why: 1 CHAIN_TOO_LONG, 2 OPENINGS_LOST, 3 REGISTER_CONTESTED, 4 NOT_WITNESSED, 5 DAY_NOT_ALLOWED,
    /// 6 PREDICATE_NOT_LISTED, 7 GRANT_NOT_USABLE, 8 CONSENT_MISSING, 9 BUSY, 10 INTERNAL.
    /// @return logId The entry.
    function refuse(
        Request calldata request,
        bytes calldata signature,
        uint16 code
    ) external returns (uint256 logId);

    /// @notice Lodges a question, so that it must be answered or refused in time. Operator key of an active member.
    /// @dev The id covers who lodges it, so nobody can lodge another's digest first and be in the way. After its answer or
    /// refusal it cannot be lodged any more.
    /// @param requestDigest EIP-712 digest of the request.
    /// @param registerId The register that is asked.
    /// @param deadline One hour to 30 days from now.
    /// @return questionId keccak256(abi.encode(requestDigest, registerId, requester)).
    function lodge(
        bytes32 requestDigest,
        uint256 registerId,
        uint64 deadline
    ) external returns (bytes32 questionId);

    /// @notice Says that a lodged question never arrived (code 11 NOT_RECEIVED). Operator key of the register's owner.
    /// @dev Without it, lodging the hash of a question that was never sent would put any owner in arrears.
    /// @param questionId The question.
    function denyReceipt(bytes32 questionId) external;

    /// @notice Counts a lodged question that was not settled by its deadline. Anyone, once.
    /// @param questionId The question.
    function markOverdue(bytes32 questionId) external;

    /// @notice Checks a proof against a logged answer, taking every input from chain and only the bits from the caller.
    /// @dev Says that this answer was the answer to that request. A contract that relies on it must compare the
    /// request (requester, predicate, tag, day, expiry) in `entry` with what it wants to know.
    /// @param logId The entry.
    /// @param answer The claimed answer.
    /// @param disputed The claimed dispute bit.
    /// @param proof The proof.
    /// @return True when the proof holds; false when it does not. Reverts when the entry is unknown or a refusal, when
    /// its root was not current when it was logged, and when its batch is annulled or contested now.
    function verifyClaim(
        uint256 logId,
        bool answer,
        bool disputed,
        Proof calldata proof
    ) external view returns (bool);

    /// @notice An entry of the log; reverts when there is none.
    /// @param logId The entry.
    function entry(uint256 logId) external view returns (LogEntry memory);

    /// @notice How many entries there are.
    function logCount() external view returns (uint256);

    /// @notice The entry for a request; 0 for none.
    /// @param registerId The register.
    /// @param grantId The grant.
    /// @param requester Who asked: the same request id of another requester is another request.
    /// @param requestId The request.
    function logIdOf(
        uint256 registerId,
        bytes32 grantId,
        uint256 requester,
        bytes32 requestId
    ) external view returns (uint256 logId);

    /// @notice The request that a requester's tag belongs to; zero for none.
    /// @param requester The requester.
    /// @param subjectTag The tag.
    function requestOfTag(uint256 requester, bytes32 subjectTag) external view returns (bytes32 requestId);

    /// @notice A lodged question; all zero when there is none.
    /// @param questionId The question.
    function question(bytes32 questionId) external view returns (Question memory);

    /// @notice The id of a question.
    /// @param requestDigest EIP-712 digest of the request.
    /// @param registerId The register that is asked.
    /// @param requester The member that lodges it.
    function questionIdOf(
        bytes32 requestDigest,
        uint256 registerId,
        uint256 requester
    ) external pure returns (bytes32);

    /// @notice Questions to a register that were not settled in time.
    /// @param registerId The register.
    function overdueCount(uint256 registerId) external view returns (uint64);

    /// @notice Lodged questions that a register's owner said it never received.
    /// @param registerId The register.
    function deniedCount(uint256 registerId) external view returns (uint64);

    /// @notice EIP-712 digest of a request.
    /// @param request The request.
    function requestDigest(Request calldata request) external view returns (bytes32);

    /// @notice The public signal `context` of a request.
    /// @param request The request.
    function contextOf(Request calldata request) external view returns (uint256);

    /// @notice Hash of a log entry as a checkpoint covers it: keccak256(abi.encode(logId, requestDigest, batchHash,
    /// circuitId, answerCommitment, time)).
    /// @param logId The entry.
    function entryHash(uint256 logId) external view returns (bytes32);
}
