Feature: Identities apart from usernames
  Usernames change. Where the proxy sends an identity that does not, and the server is told the
  header, an account stays the same whatever its username becomes.

  Background:
    Given a server configured with:
      | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
      | ProxyAuth.UsernameHeader | X-Auth-Username |

  Rule: The unique id is the identity

    @PA-149 @PA-150
    Scenario: The username of a person changes
      Given "alice" has signed in
      And "alice" has the username "alison" at the proxy
      When "alice" signs in again
      Then "alice" has the same account as before (PA-150)
      And the username of "alice" is "alison" (PA-149)

    @PA-150
    Scenario: Two people with a unique id each
      When "alice" signs in
      And "bob" signs in
      Then "bob" has another account than "alice"

    @PA-151 @direct
    Scenario: A username alone is nobody
      Given "alice" has signed in
      When "alice" signs in with her username alone
      Then the sign-in is refused

  Rule: Usernames need not differ

    @PA-155
    Scenario: Two people with one username
      Given "alice" has the username "sam" at the proxy
      And "bob" has the username "sam" at the proxy
      When "alice" signs in
      And "bob" signs in
      Then "bob" has another account than "alice"
      And two accounts have the username of "alice"

  Rule: The API creates accounts by their unique id

    @PA-158
    Scenario: An account with a unique id
      When the administrator creates an account for "alice" with the unique id "id-alice"
      Then the username of "alice" is "alice"
      And one account has the username of "alice"

    @PA-110 @PA-160
    Scenario: Its first sign-in, under another username
      Given the administrator has created an account for "alice" with the unique id "id-alice"
      And "alice" has the username "alison" at the proxy
      When "alice" signs in
      Then "alice" has the same account as before (PA-160)
      When "bob" signs in
      Then "bob" has another account than "alice" (PA-110)

    @PA-110
    Scenario: A username does not tell whose account it is
      Given the administrator has created an account for "alice" with the unique id "id-alice"
      And "bob" has the username "alice" at the proxy
      When "bob" signs in
      Then the username of "bob" is "alice"
      And "bob" has another account than "alice"

    @PA-162
    Scenario: The guid stands for the account from then on
      Given the administrator has created an account for "alice" with the unique id "id-alice"
      Then the account of "alice" is found by its guid
      When the administrator changes the email of "alice" to "alice@example.org"
      Then the email of "alice" is "alice@example.org"
      When the administrator changes the role of "alice" to "publisher"
      Then the role of "alice" is "publisher"

  Rule: Other users do not learn a unique id

    @SEC-036
    Scenario: A user reads the account of another user
      Given "bob" has signed in
      When "alice" reads all that the server shows her of "bob"
      Then no reply to "alice" holds the unique id of "bob"
